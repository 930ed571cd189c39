// first driver only: it serves pages. The server of evaluate --human by HTTP, its answers on the disk, and a session in a browser.
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request, type IncomingHttpHeaders, type RequestOptions } from 'node:http';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { joinPair } from '../../../src/data/image.js';
import type { ErrorCode } from '../../../src/errors.js';
import { decodeImage, encodePng } from '../../../src/node/images/read.js';
import { evaluateProgram } from '../../../src/node/programs/evaluate/evaluate.js';
import { filesOfFolders, filesOfTest } from '../../../src/node/programs/evaluate/human/examples.js';
import { readPictures, type StudyPictures } from '../../../src/node/programs/evaluate/human/pictures.js';
import type { HumanProtocol } from '../../../src/node/programs/evaluate/human/protocol.js';
import { realOrFake } from '../../../src/node/programs/evaluate/human/real-or-fake.js';
import { forcedChoice } from '../../../src/node/programs/evaluate/human/forced-choice.js';
import { scores } from '../../../src/node/programs/evaluate/human/scores.js';
import { HumanServer } from '../../../src/node/programs/evaluate/human/server.js';
import { readStudy, Study, type ShownTrial, type StudySettings } from '../../../src/node/programs/evaluate/human/study.js';
import { launchChromium } from '../../harness/bundles.js';
import { failure } from '../../harness/devices.js';
import { buildLibrary, start, temporaryFolder, type Running } from '../../harness/program.js';

const folder = temporaryFolder('human');
const NAMES = Array.from({ length: 6 }, (_, at) => `house-${at}`);
const LINKS = { join: 'j'.repeat(24), token: 't'.repeat(24) };
const KEY = 'k'.repeat(32);

/** A folder of pictures of one brightness each, of which no two are alike. */
function pictures(name: string, brightness: number, side: number, ending = 'png'): string {
  const path = join(folder, name);
  mkdirSync(path);
  for (const [at, file] of NAMES.entries()) {
    const data = new Uint8Array(side * 20 * 3).fill(brightness + at);
    writeFileSync(join(path, `${file}.${ending}`), encodePng({ width: side, height: 20, data }));
  }
  return path;
}
const [made, real, input] = [pictures('made', 10, 24), pictures('real', 110, 30, 'jpg'), pictures('input', 210, 50)];
let shown: StudyPictures;

test.before(async () => {
  buildLibrary();
  shown = await readPictures(await filesOfFolders({ made, real, input, unpaired: false }), undefined, () => {});
});
/** A server holds its process: one that a failed test has left open is closed, too. */
const closing: (() => Promise<void>)[] = [];
test.after(async () => {
  for (const close of closing) await close();
  rmSync(folder, { recursive: true, force: true });
});

const settingsOf = (protocol: HumanProtocol, more: Partial<StudySettings> = {}): StudySettings => ({
  ...{ protocol: protocol.name, practice: 1, trials: 3, exposure: 0.05, unpaired: false, seed: 1, made: NAMES, real: NAMES },
  ...{ size: [shown.width, shown.height], pictures: shown.hash, source: { made, real } },
  ...more,
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A study with its server, and what asks it. */
async function opened(name: string, protocol: HumanProtocol = realOrFake, host?: string) {
  const path = join(folder, name);
  const study = await Study.open(path, protocol, settingsOf(protocol), shown);
  const failed: unknown[] = [];
  const server = await HumanServer.open({ links: LINKS, port: 0, host, onFailure: (error) => failed.push(error) });
  server.show(study);
  const ask = (to: string, { headers, ...options }: RequestOptions = {}, body = ''): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const sent = request(
        { host: '127.0.0.1', port: server.port, path: to, agent: false, headers: { ...headers }, ...options },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks) }));
        },
      );
      sent.on('error', reject);
      sent.end(body);
    });
  const bearer = (token: string): RequestOptions => ({ headers: { authorization: `Bearer ${token}` } });
  const post = (to: string, token: string, body: unknown): Promise<Answer> =>
    ask(to, { method: 'POST', ...bearer(token) }, typeof body === 'string' ? body : JSON.stringify(body));
  const trial = async (key = KEY): Promise<ShownTrial> => JSON.parse((await ask('/trial', bearer(key))).body.toString()) as ShownTrial;
  const lines = (): string[] => readFileSync(join(path, 'answers.jsonl'), 'utf8').split('\n').slice(0, -1);
  const close = async (): Promise<void> => {
    await server.close();
    await study.close();
  };
  closing.push(close);
  return { path, study, server, failed, ask, bearer, post, trial, lines, close };
}

const answerTo = (trial: number, fake: unknown, more: object = {}): object => ({
  trial,
  answer: { fake },
  exposed: 50,
  thought: 9,
  ...more,
});

test('of real pictures in side-by-side pairs one half is shown; pictures that are squeezed are counted', async () => {
  assert.is(shown.stretched, 2 * NAMES.length, 'real ones and inputs are wider than made ones');
  const [halves, pairs] = [join(folder, 'halves'), join(folder, 'pairs')];
  for (const path of [halves, pairs]) mkdirSync(path);
  for (const [at, file] of NAMES.entries()) {
    const half = { width: 24, height: 20, data: new Uint8Array(24 * 20 * 3).fill(50 + at) };
    const other = { ...half, data: new Uint8Array(24 * 20 * 3).fill(200) };
    writeFileSync(join(halves, `${file}.png`), encodePng(half));
    writeFileSync(join(pairs, `${file}.png`), encodePng(joinPair({ name: file, a: half, b: other })));
  }
  const filesOf = (of: string, input?: string) => filesOfFolders({ made, real: of, input, unpaired: false });
  const [wanted, left, right, whole] = [
    await readPictures(await filesOf(halves), undefined, () => {}),
    await readPictures(await filesOf(pairs), undefined, () => {}, { half: 'left' }),
    await readPictures(await filesOf(pairs), undefined, () => {}, { half: 'right' }),
    await readPictures(await filesOf(pairs), undefined, () => {}),
  ];
  assert.equal([left.hash, left.width, left.stretched, left.resized], [wanted.hash, 24, 0, false]);
  assert.is.not(right.hash, wanted.hash);
  assert.is(whole.stretched, NAMES.length);
  const alone = await readPictures(await filesOf(halves, halves), undefined, () => {});
  assert.is((await readPictures(await filesOf(halves, pairs), undefined, () => {}, { inputHalf: 'left' })).hash, alone.hash);
});

test('pictures are of one size, one format and one length, and nothing that a page gets says which is real', async () => {
  assert.equal([shown.width, shown.height, shown.resized], [24, 20, true]);
  const all = Object.values(shown.files).flat();
  assert.is(all.length, 18);
  assert.is(new Set(all.map(({ length }) => length)).size, 1);
  const { ask, bearer, post, close, path } = await opened('opaque');
  await post('/join', LINKS.join, { key: KEY });
  const text = (await ask('/trial', bearer(KEY))).body.toString();
  assert.not.match(text, /house|made|real|input/);
  const { pictures: two } = JSON.parse(text) as ShownTrial;
  const brightness = [];
  for (const { id } of two) {
    assert.match(id, /^[\w-]{22}$/);
    const { status, headers, body } = await ask(`/pictures/${id}`, bearer(KEY));
    assert.is(status, 200);
    assert.equal(
      [headers['content-type'], headers['cache-control'], headers['content-length']],
      ['image/png', 'no-store', String(all[0]!.length)],
    );
    for (const name of ['etag', 'last-modified', 'content-disposition']) assert.is(headers[name], undefined);
    const image = await decodeImage(body);
    assert.equal([image.width, image.height], [24, 20]);
    brightness.push(image.data[0]! < 100);
  }
  assert.equal([...brightness].sort(), [false, true]);
  for (const other of ['/', '/page.js', '/study']) {
    const { body } = await ask(other, bearer(LINKS.join));
    assert.not.match(body.toString('latin1'), /house-|jjjj|tttt/);
  }
  assert.not.match(readdirSync(path).join(), /house/);
  await close();
});

test('who may do what: links, keys, hosts, origins, methods, paths', async () => {
  const { ask, bearer, post, lines, close } = await opened('guard');
  for (const open of ['/', '/page.js', '/page.css', '/icon.svg']) assert.is((await ask(open)).status, 200, open);
  for (const closed of [
    '/study',
    '/trial',
    '/results',
    `/results?token=${LINKS.join}`,
    `/trial?join=${LINKS.join}`,
    '/pictures/aaaaaaaaaaaaaaaaaaaaaa',
  ])
    assert.is((await ask(closed)).status, 401, closed);
  for (const token of ['', 'x', LINKS.token, `${LINKS.join}x`, LINKS.join.slice(1)]) {
    assert.is((await ask('/study', bearer(token))).status, 401, token);
    assert.is((await post('/join', token, { key: KEY })).status, 401, token);
  }
  assert.is((await ask('/trial', bearer(LINKS.join))).status, 401, 'the link is no session');
  assert.is((await ask('/results', bearer(LINKS.join))).status, 401, 'participants see no results');
  for (const key of ['short', 'k'.repeat(65), `${'k'.repeat(30)}\n1`, 7, null, undefined])
    assert.is((await post('/join', LINKS.join, { key })).status, 400, String(key));
  assert.is((await post('/join', LINKS.join, 'nonsense')).status, 400);
  assert.is((await post('/join', LINKS.join, 'x'.repeat(3000))).status, 413);
  const from = (headers: Record<string, string>): RequestOptions => ({ headers: { authorization: `Bearer ${LINKS.join}`, ...headers } });
  assert.is((await ask('/study', from({ host: 'evil.example' }))).status, 403);
  assert.is((await ask('/study', from({ host: '192.168.1.2' }))).status, 403, 'not told to listen there');
  assert.is((await ask('/join', { method: 'POST', ...from({ origin: 'http://evil.example' }) }, `{"key":"${KEY}"}`)).status, 403);
  for (const method of ['POST', 'PUT', 'DELETE', 'HEAD']) assert.is((await ask('/trial', { method, ...from({}) })).status, 405);
  assert.is((await ask('/answer', from({}))).status, 405);
  assert.equal(lines(), [], 'nothing came of any of it');

  assert.equal(JSON.parse((await post('/join', LINKS.join, { key: KEY })).body.toString()), { participant: 1 });
  assert.equal(
    JSON.parse((await post('/join', LINKS.join, { key: KEY })).body.toString()),
    { participant: 1 },
    'sent twice, one participant',
  );
  assert.equal(JSON.parse((await post('/join', LINKS.join, { key: 'l'.repeat(32) })).body.toString()), { participant: 2 });
  const hidden = [
    '/answers.jsonl',
    '/links.json',
    '/study.json',
    '/../study.json',
    '/pictures/../study.json',
    '/pictures/%2e%2e%2fstudy.json',
  ];
  for (const path of [...hidden, '//etc/passwd', '/pictures/house-1.png', '/pictures/', '/%'])
    assert.is((await ask(path, bearer(KEY))).status, 404, path);
  assert.not.match(lines().join(), KEY, 'the file of answers lets nobody in');

  const results = await ask(`/results?token=${LINKS.token}`);
  assert.equal([results.status, results.headers.location], [303, '/results']);
  const cookie = results.headers['set-cookie']![0]!.split(';')[0]!;
  const page = await ask('/results', { headers: { cookie } });
  assert.is(page.status, 200);
  assert.match(page.body.toString(), '0 sessions of 2 finished');
  assert.is((await ask('/trial', { headers: { cookie } })).status, 401);
  await close();
});

test('told to listen elsewhere, it answers to addresses and to the names of the machine, and to no other', async () => {
  const { server, ask, close } = await opened('network', realOrFake, '127.0.0.1');
  for (const host of ['192.168.1.2:7420', '10.0.0.1', '[fe80::1]:7420', 'localhost:1'])
    assert.is((await ask('/', { headers: { host } })).status, 200, host);
  for (const host of ['evil.example', '1.2.3.4.evil.example', 'localhost.evil.example'])
    assert.ok((await ask('/', { headers: { host } })).status >= 400, host);
  for (const link of server.participantLinks) assert.not.match(link, LINKS.token);
  await close();
});

test('an answer is on the disk when the page is told, once however often it is sent, and outlives the server', async () => {
  const first = await opened('answers');
  await first.post('/join', LINKS.join, { key: KEY });
  const { pictures: before, practice } = await first.trial();
  assert.ok(practice);
  assert.is((await first.post('/answer', KEY, answerTo(1, 0))).status, 409, 'not its turn');
  for (const fake of [2, -1, 0.5, '0', null, undefined, [0], 'made'])
    assert.is((await first.post('/answer', KEY, answerTo(0, fake))).status, 400, String(fake));
  for (const more of [
    { exposed: -1 },
    { thought: '1' },
    { thought: null },
    { answer: { fake: 0, more: 1 } },
    { answer: null },
    { trial: 0.5 },
    { trial: -1 },
  ])
    assert.is((await first.post('/answer', KEY, answerTo(0, 0, more))).status, 400, JSON.stringify(more));
  assert.is((await first.post('/answer', KEY, answerTo(99, 0))).status, 400);
  assert.is((await first.post('/shown', KEY, { trial: 3 })).status, 409);
  assert.is(first.lines().length, 1);
  for (const trial of [0, 0]) assert.is((await first.post('/shown', KEY, { trial })).status, 200);
  const feedback = (await first.post('/answer', KEY, answerTo(0, 0))).body.toString();
  assert.is(first.lines().length, 4, 'it is there when the page goes on');
  assert.match(feedback, /"right":(true|false)/);
  assert.is((await first.post('/answer', KEY, answerTo(0, 1))).body.toString(), feedback, 'the first stands');
  assert.is(first.lines().length, 4);
  assert.is((await first.ask(`/pictures/${before[0]!.id}`, first.bearer(KEY))).status, 404, 'the picture of a trial that is over');
  assert.equal((await first.post('/answer', KEY, answerTo(1, 1))).body.toString(), '{}', 'no feedback where it counts');
  await failure('RUN_IN_USE', () => Study.open(first.path, realOrFake, settingsOf(realOrFake), shown), /another server asks people there/);
  await first.close();

  // A power cut in the middle of a line that nobody was told of.
  appendFileSync(join(first.path, 'answers.jsonl'), '{"event":"answered","partic');
  const again = await opened('answers');
  assert.is(again.lines().length, 5);
  assert.equal([(await again.trial()).trial, (await again.trial()).of], [2, 4], 'it goes on at the same trial');
  assert.is(again.study.sessions.all[0]!.answers[0]!.shown, 2);
  const other = settingsOf(realOrFake, { trials: 4 });
  await again.close();
  await failure('INVALID_ARGUMENT', () => Study.open(first.path, realOrFake, other, shown), /begun otherwise/, 'trials 3', 'trials 4');
  await failure(
    'INVALID_ARGUMENT',
    () => Study.open(first.path, realOrFake, settingsOf(realOrFake, { pictures: 'other' }), shown),
    'pictures',
  );

  const last = await opened('answers');
  const write = (last.study as unknown as { file: { append: unknown } }).file;
  const append = write.append;
  write.append = () => {
    throw new Error('the disk is full');
  };
  assert.is((await last.post('/answer', KEY, answerTo(2, 0))).status, 507);
  assert.is(last.failed.length, 1);
  assert.is((await last.trial()).trial, 2, 'what could not be kept is asked again');
  write.append = append;
  for (const trial of [2, 3]) assert.is((await last.post('/answer', KEY, answerTo(trial, 0))).status, 200);
  assert.equal(await last.trial(), { ended: true } as never);
  await last.close();
  const { sessions } = await readStudy(first.path);
  assert.equal(
    sessions.all[0]!.answers.map(({ trial }) => trial),
    [0, 1, 2, 3],
  );
  const lines = readFileSync(join(first.path, 'answers.jsonl'), 'utf8').split('\n');
  for (const damage of ['{"event":"shown"', '[]', lines[0]!]) {
    writeFileSync(join(first.path, 'answers.jsonl'), [lines[0], damage, ...lines.slice(2)].join('\n'));
    await failure('DATA_UNREADABLE', () => readStudy(first.path), /line 2 is damaged/);
  }
});

test('the pictures of a test are found by what its numbers say of them', async () => {
  const run = join(folder, 'run');
  mkdirSync(join(run, 'test'), { recursive: true });
  const columns = ['given', 'made', 'wanted', null].map((role) => ({ title: `the ${role}`, role }));
  const samples = ['a', 'a'].map((name, at) => ({ name, pictures: columns.map((_, place) => `images/000${at}-${place}.png`) }));
  const write = (numbers: unknown): void => writeFileSync(join(run, 'test', 'metrics.json'), JSON.stringify(numbers));
  write({ columns, samples });
  const path = (at: number, place: number): string => join(run, 'test', `images/000${at}-${place}.png`);
  const named = (place: number): object[] => [0, 1].map((at) => ({ name: `${at + 1} a`, path: path(at, place) }));
  for (const of of [run, join(run, 'test')]) assert.equal(await filesOfTest(of, true), { made: named(1), real: named(2), input: named(0) });
  const strange = samples.map((each) => ({ ...each, pictures: ['../../secret', ...each.pictures.slice(1)] }));
  for (const numbers of [
    { samples },
    { columns: columns.slice(0, 2), samples },
    { columns, samples: [] },
    { columns, samples: strange },
    1,
  ]) {
    write(numbers);
    await failure('DATA_UNREADABLE', () => filesOfTest(run, false), /does not say/, /shadegrad test/);
  }
});

/** Starts the program, and waits for its links. */
async function serving(...words: string[]): Promise<Running & { readonly link: string }> {
  const running = start('shadegrad', ['evaluate', '--human', '--made', made, '--real', real, ...words]);
  let text = '';
  const link = await new Promise<string>((resolve, reject) => {
    running.child.stderr!.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const found = /for participants: (\S+)\n[^]*so far: /.exec(text)?.[1];
      if (found) resolve(found);
    });
    void running.finished.then(({ stderr }) => reject(new Error(stderr)));
  });
  return { ...running, link };
}

const at = (page: Page, trial: number, selector: string): Promise<unknown> =>
  page.waitForFunction(
    ([number, what]) =>
      document.getElementById('count')!.textContent!.startsWith(`${number} `) && document.querySelector(what as string) !== null,
    [trial, selector] as const,
  );
const BUTTONS = '.sides button:not(:disabled)';

test('a session in a browser by keys: pictures are there before their time begins, a reload and a restart lose nothing', async () => {
  const output = join(folder, 'session');
  const words = ['--practice', '1', '--trials', '3', '--exposure', '0.05', '--output', output, '--json'];
  const launched: Promise<Browser> = launchChromium();
  let program = await serving(...words);
  const { link } = program;
  const browser = await launched;
  try {
    const page = await browser.newPage();
    const wrong: string[] = [];
    page.on('pageerror', ({ message }) => wrong.push(message));
    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    let asked = 0;
    await page.route('**/pictures/*', async (route) => {
      if (++asked === 2) await held;
      await route.continue();
    });
    const lines = (): Record<string, unknown>[] =>
      readFileSync(join(output, 'answers.jsonl'), 'utf8')
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    await page.goto(link);
    assert.not.match(page.url(), 'join');
    await page.keyboard.press('Tab');
    const one = page.waitForResponse((response) => response.url().includes('/pictures/'));
    await page.click('#begin');
    await (await one).finished();
    assert.is(await page.locator('.frame.waiting').count(), 2, 'one of two pictures is there: none is shown');
    assert.equal(
      lines().map(({ event }) => event),
      ['joined'],
    );
    release();
    await at(page, 1, BUTTONS);
    assert.is(await page.locator('.frame.covered').count(), 2);
    await page.keyboard.press('f');
    await page.waitForSelector('#go:not([hidden])');
    assert.match((await page.textContent('#said'))!, /^(Right|Wrong): /);
    await page.keyboard.press('Enter');
    await at(page, 2, BUTTONS);
    await page.reload();
    await page.click('#begin');
    await at(page, 2, BUTTONS);
    await page.keyboard.press('ArrowRight');
    await at(page, 3, BUTTONS);
    assert.is(await page.textContent('#said'), '', 'no feedback where it counts');

    program.child.kill('SIGINT');
    const { status, stdout } = await program.finished;
    assert.is(status, 0);
    const early = JSON.parse(stdout) as { sessions: unknown };
    assert.equal(early.sessions, { begun: 1, finished: 0, counted: 0, unfinished: [{ participant: 1, answered: 1 }] });
    await page.keyboard.press('j');
    await page.waitForSelector('#said.lost');
    program = await serving(...words);
    assert.is(program.link, link, 'the link of before');
    await at(page, 4, BUTTONS);
    await page.keyboard.press('ArrowLeft');
    await page.waitForFunction(() => document.getElementById('title')!.textContent === 'Thank you');
    program.child.kill('SIGINT');
    const { stdout: told, stderr } = await program.finished;
    assert.match(stderr, '1 session of before');
    const results = JSON.parse(told) as {
      sessions: object;
      values: { fooled: { trials: { count: number; mean: number }; chance: number; byChance: number } };
    };
    assert.equal(results.sessions, { begun: 1, finished: 1, counted: 1, unfinished: [] });
    const answers = lines().filter(({ event }) => event === 'answered') as {
      answer: { fake: string };
      places: string[];
      exposed: number;
    }[];
    assert.equal(
      answers.map(({ answer, places }) => places.indexOf(answer.fake)),
      [0, 1, 1, 0],
      'the keys that were pressed',
    );
    assert.ok(answers.every(({ exposed }) => exposed >= 50));
    const fooled = answers.slice(1).filter(({ answer }) => answer.fake === 'real').length;
    assert.ok(Math.abs(results.values.fooled.trials.mean - (100 * fooled) / 3) < 1e-9);
    assert.is(results.values.fooled.trials.count, 3);
    assert.equal([results.values.fooled.chance, results.values.fooled.byChance], [50, [0.25, 1, 1, 0.25][fooled]]);
    const csv = readFileSync(join(output, 'answers.csv'), 'utf8').split('\r\n');
    assert.is(csv[0], 'participant,trial,practice,counted,made,real,places,fake,fooled,exposed_ms,thought_ms,shown,at');
    assert.equal(
      [csv.length, csv[1]!.split(',').slice(0, 4), csv[2]!.split(',').slice(0, 4)],
      [6, ['1', '1', '1', '0'], ['1', '2', '0', '1']],
    );
    assert.is(csv[2]!.split(',').at(-2), '2', 'shown again after the reload');
    assert.match(
      readFileSync(join(output, 'summary.csv'), 'utf8'),
      /^value,over,count,mean,deviation,interval_low,interval_high\r\nfooled,trials,3,/,
    );
    if (process.platform !== 'win32') assert.is(statSync(join(output, 'links.json')).mode & 0o077, 0);

    const { close, server, study } = await opened('scores', scores);
    // A browser that lets no page keep anything: the session lasts as long as the page.
    const blocked = await browser.newPage();
    blocked.on('pageerror', ({ message }) => wrong.push(message));
    const deny = (): never => {
      throw new Error('denied');
    };
    await blocked.addInitScript(`Object.defineProperty(window, 'localStorage', { get: ${deny} })`);
    await blocked.goto(server.participantLinks[0]!);
    await blocked.click('#begin');
    for (let trial = 1; trial <= 4; trial++) {
      await at(blocked, trial, '.frame.covered, .scale');
      await blocked.waitForSelector('.scale');
      for (const key of ['1', '0', 'Tab', '3', 'Enter']) await blocked.keyboard.press(key);
    }
    await blocked.waitForFunction(() => document.getElementById('title')!.textContent === 'Thank you');
    for (const { answer } of study.sessions.all[0]!.answers) assert.equal(answer, { translation: 10, difference: 3 });
    await close();

    // Forced choice: what was given is nothing to choose, by no key and in no request.
    const choice = await opened('choice', forcedChoice);
    const pair = await browser.newPage({ viewport: { width: 900, height: 700 } });
    pair.on('pageerror', ({ message }) => wrong.push(message));
    await pair.goto(choice.server.participantLinks[0]!);
    await pair.click('#begin');
    await at(pair, 1, BUTTONS);
    assert.equal(await pair.locator('figcaption').allTextContents(), ['Given', 'A', 'B']);
    assert.equal(await pair.locator('.sides button').count(), 2);
    await pair.click('.frame >> nth=0');
    await pair.keyboard.press('j');
    await pair.waitForSelector('#go:not([hidden])');
    assert.match((await pair.textContent('#said'))!, /^(Right: that one is real|Wrong: that was made)/);
    await pair.keyboard.press('Enter');
    for (const [trial, press] of [
      [2, () => pair.keyboard.press('ArrowLeft')],
      [3, () => pair.click('.frame >> nth=2')],
      [4, () => pair.click('.sides button >> nth=0')],
    ] as const) {
      await at(pair, trial, BUTTONS);
      await press();
    }
    await pair.waitForFunction(() => document.getElementById('title')!.textContent === 'Thank you');
    const chosen = choice.study.sessions.all[0]!.answers;
    assert.equal(
      chosen.map(({ answer, places }) => places.indexOf(answer.real as never)),
      [2, 1, 2, 1],
    );
    await choice.post('/join', LINKS.join, { key: KEY });
    for (const [real, status] of [
      [0, 400],
      [3, 400],
      [1, 200],
    ] as const)
      assert.is((await choice.post('/answer', KEY, { trial: 0, answer: { real }, exposed: 1, thought: 1 })).status, status, String(real));
    await choice.close();
    assert.equal(wrong, []);
  } finally {
    program.child.kill('SIGKILL');
    await browser.close();
  }
});

test('what cannot be is refused before anything is written', async () => {
  const output = join(folder, 'none');
  const folders = ['--human', '--made', made, '--real', real];
  const refused = (code: ErrorCode, words: readonly string[], ...said: (string | RegExp)[]): Promise<unknown> =>
    failure(code, () => evaluateProgram(words), ...said);
  await refused('BAD_FLAG', ['--human'], 'nothing to show');
  await refused('BAD_FLAG', folders, '--output');
  await refused('BAD_FLAG', ['--human', '--made', made, '--real', join(made, '.'), '--output', output], 'are one folder');
  await refused('BAD_FLAG', [...folders, '--output', output], /50 trials/, /6 examples/, '--trials');
  await refused('BAD_FLAG', [...folders, '--output', output, '--metrics', 'l1'], '--metrics means nothing');
  await refused('BAD_FLAG', ['--made', made, '--real', real, '--trials', '3'], '--trials is for --human');
  const measured = await failure('DATA_NOT_FOUND', () => evaluateProgram(['--made', made, '--real', real, '--input', output]));
  assert.match(measured.message, 'none', '--input is for metrics, too');
  for (const protocol of ['scores', 'forced-choice'])
    await refused('BAD_FLAG', [...folders, '--output', output, '--protocol', protocol], '--input');
  await refused('BAD_FLAG', [...folders, '--output', output, '--input', input], 'does not show', '--protocol forced-choice');
  await refused('BAD_FLAG', [...folders, '--output', output, '--trials', '3', '--practice', '0', '--size', '0x4'], '--size');
  await refused('BAD_FLAG', ['--human', '--results', output, '--made', made], '--results asks nobody');
  // An address of nobody's (RFC 5737).
  const few = [...folders, '--output', output, '--trials', '3', '--practice', '0'];
  await refused('BAD_FLAG', [...few, '--host', '203.0.113.9'], 'listen on 203.0.113.9', /no address of this machine/, /--host 0\.0\.0\.0/);
  await refused('DATA_NOT_FOUND', ['--human', '--results', output], 'no study');
  await refused('DATA_NOT_FOUND', ['--human', folder], 'shadegrad test');
  // Answers that cannot be read are not the same as none.
  mkdirSync(join(folder, 'unread', 'answers.jsonl'), { recursive: true });
  writeFileSync(join(folder, 'unread', 'study.json'), JSON.stringify({ format: 1, ...settingsOf(realOrFake) }));
  await refused('DATA_UNREADABLE', ['--human', '--results', join(folder, 'unread')], /answers\.jsonl cannot be read/, 'EISDIR');
  assert.not.ok(readdirSync(folder).includes('none'));
});

test.run();
