// first driver only: what is tested is the host's work
// not in browsers: it runs programs.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatMarkdown } from '../../bench/gpu-check/markdown.js';
import { formatPage } from '../../bench/gpu-check/page.js';
import { runSection, skipped, type Outcome } from '../../bench/gpu-check/run.js';
import {
  ADAPTER,
  FULL,
  PAPER,
  QUICK,
  readPyTorchLine,
  readTrainingLog,
  SECTIONS,
  type Found,
  type Job,
  type Section,
  type Step,
} from '../../bench/gpu-check/sections.js';
import { readTests } from '../../bench/gpu-check/test-log.js';
import { STEP_PROGRAM } from '../../bench/programs.js';
import { BENCH_PROGRAM } from '../../src/node/programs/bench.js';
import { trainCommand } from '../../src/node/programs/train-command.js';
import { TUNE_PROGRAM } from '../../src/node/programs/tune.js';
import { parseFlags, type Program } from '../../src/node/terminal/flags.js';
import { pix2pix } from '../../src/schemes/pix2pix.js';
import type { TrainingScheme } from '../../src/training/scheme.js';
import { temporaryFolder } from '../harness/program.js';

const root = process.cwd();
const folder = temporaryFolder('gpu-check');
test.after(() => rmSync(folder, { recursive: true, force: true }));
mkdirSync(join(folder, 'logs'));

const job: Job = { scale: FULL, root, out: folder, python: 'no-such-python', data: undefined, program: 'main.mjs', jobs: 2 };
const never = new AbortController().signal;

/** A section of programs that are texts of JavaScript. */
function section(programs: Record<string, string>, read: Section['read'], stops = false): Section {
  const steps = Object.entries(programs).map(([name, code]): Step => ({ name, command: [process.execPath, '--eval', code], stops }));
  return { name: 'fake', title: 'Fake', share: 1, steps: () => steps, read };
}
const texts = (_job: Job, outputs: ReadonlyMap<string, string>): Found => ({ numbers: Object.fromEntries(outputs) });
const HANGS = 'console.log("begun"); setInterval(() => {}, 1000);';

test('a section ends with what its programs wrote', async () => {
  const outcome = await runSection(section({ one: 'console.log(1)', two: 'console.error(2)' }, texts), job, 60, never);
  assert.is(outcome.status, 'done');
  assert.equal(outcome.numbers, { one: '1\n', two: '2\n' });
  assert.equal([...outcome.remarks], []);
  assert.equal(
    outcome.logs.map((log) => readFileSync(join(folder, log), 'utf8')),
    ['1\n', '2\n'],
  );
});

test('a log that cannot be written does not end the check', async () => {
  if (!existsSync('/dev/full')) return;
  symlinkSync('/dev/full', join(folder, 'logs', 'full.txt'));
  const outcome = await runSection(section({ full: 'console.log("said")', next: 'console.log(2)' }, texts), job, 60, never);
  assert.is(outcome.status, 'done');
  assert.equal(outcome.numbers, { full: 'said\n', next: '2\n' });
});

test('a step is timed in f16 where the adapter has shader-f16, and with less memory', () => {
  const calls = (features: readonly string[]): string[] => {
    writeFileSync(join(folder, 'adapter.json'), JSON.stringify({ features }));
    return SECTIONS.find(({ name }) => name === 'step')!
      .steps(job, 60)
      .map(({ command }) => command.join(' '));
  };
  const [without, both] = [calls([]), calls(['shader-f16'])];
  assert.equal([without.length, both.length], [7, 8]);
  assert.is(both.filter((call) => /--batch 1 .*--precision f16/.test(call)).length, 1);
  assert.not(without.some((call) => call.includes('f16')));
  assert.is(without.filter((call) => call.includes('--recompute')).length, 1);
});

test('a program that fails is told of, and the next one runs', async () => {
  const outcome = await runSection(section({ one: 'console.log("why"); process.exit(3)', two: 'console.log(2)' }, texts), job, 60, never);
  assert.is(outcome.status, 'failed');
  assert.equal([...outcome.remarks], ['one: exit status 3: why']);
  assert.equal(outcome.numbers, { one: 'why\n', two: '2\n' });
  const crashed = await runSection(section({ one: 'process.kill(process.pid, "SIGSEGV")' }, texts), job, 60, never);
  assert.match(crashed.remarks[0]!, 'it was ended by SIGSEGV');
  const missing = { ...section({}, texts), steps: () => [{ name: 'none', command: ['no-such-program'] }] };
  assert.match((await runSection(missing, job, 60, never)).remarks[0]!, 'ENOENT');
});

test('one that hangs is ended with all that it started, and what follows it is not begun', async () => {
  const file = join(folder, 'alive');
  const child = `setInterval(() => require('fs').appendFileSync(${JSON.stringify(file)}, '.'), 20)`;
  const parent = `require('child_process').spawn(process.execPath, ['--eval', ${JSON.stringify(child)}]); ${HANGS}`;
  const programs = { hangs: parent, two: 'console.log(2)' };
  const outcome = await runSection(section(programs, texts), job, 1, never);
  assert.is(outcome.status, 'cut short');
  assert.equal(outcome.numbers, { hangs: 'begun\n' });
  assert.match(outcome.remarks[0]!, /^hangs: ended early/);
  assert.is(outcome.remarks[1], 'two: not begun');
  const alive = (): number => (existsSync(file) ? readFileSync(file).length : 0);
  const before = alive();
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.is(alive(), before);
  const nothing = await runSection(
    section({ hangs: HANGS }, () => null),
    job,
    0.5,
    never,
  );
  assert.is(nothing.status, 'failed');
});

test('one that ends well when it is told to stop is cut short, not failed', async () => {
  for (const listens of ["process.on('SIGINT', () => process.exit(130));", '']) {
    const outcome = await runSection(section({ one: `${listens} ${HANGS}` }, texts, true), job, 1, never);
    assert.is(outcome.status, 'cut short');
    assert.not(outcome.remarks.some((remark) => remark.includes('exit status') || remark.includes('SIGINT')));
  }
});

test('a signal ends what runs; what cannot be read, or was wrong by its own numbers, failed', async () => {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 300);
  assert.is((await runSection(section({ one: HANGS, two: HANGS }, texts), job, 60, controller.signal)).status, 'cut short');
  const broken = section({}, () => {
    throw new Error('damaged');
  });
  assert.equal([...(await runSection(broken, job, 60, never)).remarks], ['damaged']);
  const wrong = await runSection(
    section({}, () => ({ numbers: {}, failures: ['wrong'] })),
    job,
    60,
    never,
  );
  assert.equal([wrong.status, ...wrong.remarks], ['failed', 'wrong']);
});

const LOG = `adapter: llvmpipe
ok     kernels-test/kernels/adam.test.ts [auto]: 5 of 5, 1.0 s
FAILED kernels-test/kernels/bias.test.ts [auto]: 2 of 4, 1 skipped, 1.0 s, ran out of time
    FAIL  "sum"
`;

test('the output of the tests is read, also of a run that was cut short', () => {
  const failures = ['FAILED kernels-test/kernels/bias.test.ts [auto]: 2 of 4, 1 skipped, 1.0 s, ran out of time'];
  assert.equal(readTests(LOG), { files: 2, passed: 7, failed: 2, whole: false, failures });
  assert.ok(readTests(`${LOG}7 passed, 2 failed\n`).whole);
  assert.is(readTests('').files, 0);
});

test('so are a log of a training run and the lines of PyTorch', () => {
  const log = [
    { step: 1, imagesPerSecond: 5, seconds: 1 },
    { step: 2, imagesPerSecond: 6, seconds: 2 },
    { step: 2, validation: { l1: 0.5 } },
    { step: 0, validation: { l1: 0.9 } },
  ];
  const text = log.map((line) => `${JSON.stringify(line)}\n`).join('');
  assert.equal(readTrainingLog(`${text}{"step":3,"ima`, 9), { steps: 2, of: 9, seconds: 2, imagesPerSecond: 6, validation: { l1: 0.5 } });
  assert.is(readTrainingLog('', 9), null);
  assert.is(readPyTorchLine('{"device": "cpu", "batch": 4}')!.batch, 4);
  for (const line of ['a warning', '{"device": "cp', '']) assert.is(readPyTorchLine(line), null);
});

test('the sections call programs by flags that they have, and share the time', async () => {
  const { TEST_PROGRAM } = (await import(pathToFileURL(join(root, 'scripts/lib/programs.js')).href)) as { TEST_PROGRAM: Program };
  const programs: [string, Program][] = [
    ['scripts/test.js ', TEST_PROGRAM],
    ['scripts/tune.js ', TUNE_PROGRAM],
    ['scripts/bench.js step ', STEP_PROGRAM],
    ['scripts/bench.js ', BENCH_PROGRAM],
    ['bin/shadegrad.js train ', trainCommand(pix2pix as unknown as TrainingScheme)],
  ];
  for (const scale of [FULL, QUICK]) {
    for (const each of [...SECTIONS, PAPER]) {
      for (const { command } of each.steps({ ...job, scale, data: 'pairs' }, 60)) {
        if (each.name === 'peers') continue;
        assert.is(command[0], process.execPath);
        const words = command.slice(1).join(' ');
        const [head, program] = programs.find(([start]) => words.startsWith(start))!;
        assert.not.throws(() => parseFlags(program, command.slice(1 + head.trim().split(' ').length)), undefined, words);
      }
    }
  }
  const shares = [ADAPTER, ...SECTIONS].reduce((sum, { share }) => sum + share, 0);
  assert.ok(Math.abs(shares - 1) < 1e-9, `${shares}`);
});

test('PyTorch is skipped where there is none, or no CUDA; else each setting is read', async () => {
  const peers = SECTIONS.find(({ name }) => name === 'peers')!;
  const said = (output: string): Found | null => peers.read(job, new Map([['pytorch', output]]));
  assert.match(said("ModuleNotFoundError: No module named 'torch'")!.skipped!, '"no-such-python" is no Python with PyTorch');
  assert.match(said('no CUDA device: PyTorch 1.13\n')!.skipped!, 'no CUDA device: PyTorch 1.13 of');
  const line = '{"device": "H100", "tf32": false, "batch": 1}\n';
  assert.is(said(line)!.left, '5 settings');
  assert.is(said(line.repeat(6))!.left, null);
  assert.is(said(''), null);
  assert.is((await runSection(peers, job, 60, never)).status, 'skipped');
});

test('the page says what failed, and escapes it', () => {
  const failed: Outcome = { ...skipped(SECTIONS[0]!, ''), status: 'failed', remarks: ['<b>broken</b>'], logs: ['logs/tests.txt'] };
  const check = { date: '2026-01-01T00:00:00Z', seconds: 9, minutes: 8, quick: false, scale: FULL };
  const page = formatPage({ ...check, sections: [failed, skipped(SECTIONS[1]!, 'no time')] }, folder);
  assert.match(page, 'Something failed');
  assert.match(page, '&lt;b&gt;broken&lt;/b&gt;');
  assert.match(page, 'href="logs/tests.txt"');
  assert.match(page, 'no time');
  assert.match(formatPage({ ...check, sections: [skipped(SECTIONS[1]!, 'no time')] }, folder), 'Nothing failed');
});

/** Runs the program. @returns its exit status and what it said */
function check(...flags: string[]): Promise<{ status: number; said: string }> {
  return new Promise((resolve) =>
    execFile(process.execPath, ['scripts/gpu-check.js', ...flags], (error, stdout, stderr) =>
      resolve({ status: error ? Number(error.code) : 0, said: stdout + stderr }),
    ),
  );
}

test('the program leaves a folder with numbers, a page and logs, and refuses one that is not empty', async () => {
  const out = join(folder, 'results');
  const { status, said } = await check('--quick', '--only', 'peers', '--python', 'no-such-python', '--out', out);
  assert.is(status, 0, said);
  const { sections } = JSON.parse(readFileSync(join(out, 'summary.json'), 'utf8')) as { sections: Outcome[] };
  assert.equal(
    sections.map(({ name, status }) => [name, status]),
    [
      ['adapter', 'done'],
      ['peers', 'skipped'],
    ],
  );
  assert.equal(readdirSync(out).sort(), ['adapter.json', 'index.html', 'logs', 'summary.json', 'summary.md']);
  assert.match(readFileSync(join(out, 'summary.md'), 'utf8'), '| The same step in PyTorch | skipped |');
  assert.match(readFileSync(join(out, 'index.html'), 'utf8'), (sections[0]!.numbers as { name: string }).name.split(' ')[0]!);

  const before = readdirSync(out);
  for (const [flags, words] of [
    [['--out', out], 'is not empty'],
    [['--out', join(folder, 'new'), '--only', 'tests,sing'], 'leave out "sing"'],
    [['--out', join(out, 'summary.json')], 'cannot be a folder'],
  ] as const) {
    const refused = await check(...flags);
    assert.is(refused.status, 2, refused.said);
    assert.match(refused.said, words);
  }
  assert.equal(readdirSync(out), before);
  assert.not(existsSync(join(folder, 'new')));
});

test('the training of the paper tells how long all of it takes, however far it came', () => {
  mkdirSync(join(folder, 'paper'));
  const lines = [
    { step: 1, imagesPerSecond: 2, seconds: 1 },
    { step: 4, imagesPerSecond: 2, seconds: 2 },
  ];
  writeFileSync(join(folder, 'paper', 'log.jsonl'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  const said = 'training on 1,800 pairs: 256 x 256\nmean photo, for comparison: L1 0.3\n';
  const found = PAPER.read(job, new Map([['paper', said]]))!;
  assert.is(found.left, '359996 of 360,000 steps');
  const { hours, comparison } = found.numbers as { hours: number; comparison: string };
  assert.equal([hours, comparison], [50, 'mean photo, for comparison: L1 0.3']);
  const outcome: Outcome = { ...skipped(PAPER, ''), status: 'cut short', numbers: found.numbers };
  const check = { date: '2026-01-01T00:00:00Z', seconds: 9, minutes: 8, quick: false, scale: FULL, sections: [outcome] };
  assert.match(formatMarkdown(check), '4 of 360,000 steps');
  assert.match(formatMarkdown(check), '50.0 hours for all of it. mean photo, for comparison: L1 0.3.');
  assert.match(formatPage(check, folder), 'all of it would take 50.0 hours');
});

test('the program ends with 1 if a section failed', async () => {
  writeFileSync(join(folder, 'no-pairs'), '');
  const out = join(folder, 'failed');
  const { status, said } = await check('--quick', '--only', 'facades', '--data', join(folder, 'no-pairs'), '--out', out);
  assert.is(status, 1, said);
  assert.match(said, 'failed: facades');
  assert.match(readFileSync(join(out, 'logs/facades.txt'), 'utf8'), 'error');
});

test.run();
