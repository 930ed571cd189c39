// first driver only: it runs programs, and what they do depends on no adapter. A run on a dashboard, and the same run without.
import type { ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { get as httpGet, request } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseHeader } from '../../../src/formats/safetensors.js';
import type { ShadegradError } from '../../../src/errors.js';
import { parseFlags } from '../../../src/node/terminal/flags.js';
import { RunControl } from '../../../src/node/training/control.js';
import { TRAIN_PROGRAM, type TrainFlags } from '../../../src/node/training/flags.js';
import {
  buildLibrary,
  failedWith,
  readLogLines,
  run,
  start,
  succeeded,
  temporaryFolder,
  TINY,
  withFlags,
  type Finished,
} from '../../harness/program.js';

const folder = temporaryFolder('live');
const FLAGS = withFlags(TINY, '--ngf', '2', '--ndf', '1', '--steps', '40', '--report-every', '20');

test.before(buildLibrary);
test.after(() => rmSync(folder, { recursive: true, force: true }));

function tensorsOf(name: string): Map<string, string> {
  const bytes = readFileSync(join(folder, name, 'checkpoint.safetensors'));
  const { tensors } = parseHeader(bytes, bytes.length);
  // Its options, which say what tells of the run, are among them.
  const own = tensors.filter((each) => !each.name.startsWith('__'));
  return new Map(own.map(({ name: each, start: from, end }) => [each, bytes.subarray(from, end).toString('base64')]));
}

const numbersOf = (name: string): unknown[] =>
  readLogLines(join(folder, name, 'log.jsonl')).map(({ seconds: _seconds, imagesPerSecond: _speed, ...numbers }) => numbers);

interface Told {
  readonly event: string;
  readonly data: { readonly status?: Status } & Status;
}
interface Status {
  readonly state: string;
  readonly step: number;
  readonly savedStep?: number;
  readonly norms?: Readonly<Record<string, number>>;
}

/** What a page is told, as it comes. */
class Page {
  readonly told: Told[] = [];
  private text = '';

  constructor(private readonly address: URL) {
    httpGet(`${address.origin}/events${address.search}`, (response) => {
      response.on('data', (chunk: Buffer) => {
        const messages = (this.text += chunk.toString()).split('\n\n');
        this.text = messages.pop()!;
        for (const message of messages) {
          const [, event, data] = /event: (\w+)\ndata: (.*)$/.exec(message) ?? [];
          if (event !== undefined) this.told.push({ event, data: JSON.parse(data!) as Told['data'] });
        }
      });
      response.on('error', () => {});
    }).on('error', () => {});
  }

  ask(name: string): Promise<number> {
    const headers = { authorization: `Bearer ${this.address.searchParams.get('token')!}` };
    return new Promise((resolve, reject) => {
      request(`${this.address.origin}/do/${name}`, { method: 'POST', headers }, (response) => resolve(response.resume().statusCode!))
        .on('error', reject)
        .end();
    });
  }

  get statuses(): Status[] {
    return this.told.flatMap(({ event, data }) => (event === 'status' ? [data] : event === 'state' ? [data.status!] : []));
  }

  async until(what: (status: Status) => boolean): Promise<Status> {
    for (let tries = 0; tries < 3000; tries++) {
      const found = this.statuses.at(-1);
      if (found && what(found)) return found;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`the last status: ${JSON.stringify(this.statuses.at(-1))}`);
  }
}

/** Starts a run on a dashboard, and opens its page. */
async function watched(...flags: string[]): Promise<{ page: Page; child: ChildProcess; finished: Promise<Finished> }> {
  const { child, finished } = start('train-facades', [...flags, '--out', join(folder, 'watched'), '--dashboard']);
  const address = await new Promise<URL>((resolve) => {
    let text = '';
    child.stdout!.on('data', (chunk: Buffer) => {
      const found = /dashboard: (\S+)\n/.exec((text += chunk.toString()))?.[1];
      if (found !== undefined) resolve(new URL(found));
    });
  });
  return { page: new Page(address), child, finished };
}

test('paused, saved, stopped and resumed, with everything that tells of it, a run has the bits of one that is left alone', async () => {
  succeeded(await run('train-facades', [...FLAGS, '--out', join(folder, 'alone')]));
  const { page, child, finished } = await watched(...FLAGS, '--csv', '--tensorboard', '--quiet');
  assert.is(await page.ask('pause'), 204);
  const { step } = await page.until(({ state }) => state === 'paused');
  assert.ok(step < 40);
  assert.is(await page.ask('save'), 204);
  const { savedStep } = await page.until((status) => status.state === 'paused' && status.savedStep !== undefined && status.savedStep > 0);
  const before = page.statuses.length;
  await page.until(() => page.statuses.length >= before + 2);
  assert.is(page.statuses.at(-1)!.step, savedStep, 'it stands where it was saved');
  assert.ok(savedStep! < 40);
  child.kill('SIGINT');
  assert.is((await finished).status, 130, 'a run that waits takes a signal');
  assert.is(page.statuses.at(-1)!.state, 'ended');

  // A run that goes on keeps its records without being told.
  const second = await watched('--resume', '--report-every', '20');
  assert.is(await second.page.ask('pause'), 204);
  await second.page.until(({ state }) => state === 'paused');
  assert.is(await second.page.ask('resume'), 204);
  succeeded(await second.finished);
  assert.equal(tensorsOf('watched'), tensorsOf('alone'));
  assert.equal(numbersOf('watched'), numbersOf('alone'));
  const { told } = second.page;
  const first = (told[0]!.data as unknown as { steps: { step: number }[] }).steps;
  const steps = [...first, ...told.flatMap(({ event, data }) => (event === 'steps' ? (data as unknown as { step: number }[]) : []))];
  assert.equal(
    steps.map((each) => each.step),
    Array.from({ length: 40 }, (_, index) => index + 1),
    'every step is told once',
  );
  const measured = [
    ...(told[0]!.data as unknown as { gradients: Status[] }).gradients,
    ...told.filter(({ event }) => event === 'gradients').map(({ data }) => data),
  ];
  const norms = measured.flatMap(({ norms: each }) => Object.entries(each!));
  for (const [name, norm] of norms) assert.ok(['generator', 'discriminator'].includes(name) && norm > 0, `${name} ${norm}`);
  assert.ok(norms.length > 0);
  const patches = told.filter(({ event }) => event === 'patches').map(({ data }) => data as unknown as { step: number; maps: unknown[] });
  assert.equal([patches.at(-1)?.step, patches.at(-1)?.maps.length], [40, 2], 'what the discriminator says of output and target');
  assert.match(readFileSync(join(folder, 'watched', 'log.csv'), 'utf8'), /^step,[^]*\r\n40,[^\r]*\r\n$/);
  assert.is(readdirSync(join(folder, 'watched', 'tb')).length, 2);
});

test('--dashboard takes a port, or none', () => {
  const portOf = (...words: string[]): unknown => (parseFlags(TRAIN_PROGRAM, words).values as TrainFlags).dashboard;
  assert.is(portOf(), undefined);
  assert.is(portOf('--dashboard'), 0);
  assert.is(portOf('--dashboard', '--steps', '5'), 0);
  assert.is(portOf('--dashboard', '8000', '--steps', '5'), 8000);
  assert.is(portOf('--dashboard=8000'), 8000);
  for (const words of [['--dashboard', '70000'], ['--dashboard='], ['--dashboard', 'page'], ['--dashboard', '--dashboard']])
    assert.throws(
      () => portOf(...words),
      (error: ShadegradError) => error.code === 'BAD_FLAG',
    );
});

test('a port that is taken ends a run before there is anything of it', async () => {
  const other = createServer().unref();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as AddressInfo;
  failedWith(await run('train-facades', [...FLAGS, '--out', join(folder, 'none'), '--dashboard', String(port)]), 'PORT_IN_USE');
  other.close();
  assert.not.ok(existsSync(join(folder, 'none')));
});

test('what is asked for is obeyed once, and nothing where a run is over', async () => {
  const control = new RunControl();
  const done: string[] = [];
  control.onChange = () => done.push('changed');
  control.save();
  control.pause();
  const obeyed = control.obey(
    async () => void done.push('saved'),
    () => false,
  );
  await new Promise((resolve) => setTimeout(resolve, 1));
  assert.equal(done, ['changed', 'changed', 'saved', 'changed']);
  assert.equal([control.due, control.paused, control.saveAsked], [true, true, false]);
  control.resume();
  assert.ok((await obeyed) > 0);
  assert.is(control.due, false);
  control.pause();
  await control.obey(
    async () => assert.unreachable(),
    () => true,
  );
});

test.run();
