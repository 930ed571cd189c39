import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RandomStream } from '../../src/random.js';
import { readCheckpointInfo } from '../../src/node/weights/checkpoint.js';
import {
  buildLibrary,
  failedWith,
  loggedSteps,
  readLogLines,
  run,
  start,
  succeeded,
  temporaryFolder,
  TINY,
  type Finished,
  withFlags,
} from '../harness/program.js';

const STEPS = 24;
const PARAMETERS = [...TINY, '--steps', String(STEPS), '--save-every', '4', '--report-every', '10'];
const folder = temporaryFolder('resume');
const checkpointOf = (name: string): string => join(folder, name, 'checkpoint.safetensors');
const logOf = (name: string): string => join(folder, name, 'log.jsonl');
const train = (name: string, ...more: string[]): Promise<Finished> =>
  run('train-facades', withFlags([...PARAMETERS, '--out', join(folder, name)], ...more));

test.before(async () => {
  buildLibrary();
  succeeded(await train('whole'));
});

test.after(() => rmSync(folder, { recursive: true, force: true }));

/** The numbers of a run that do not depend on how fast it was. */
function numbersIn(name: string): unknown[] {
  return readLogLines(logOf(name)).map(({ seconds: _seconds, imagesPerSecond: _imagesPerSecond, ...numbers }) => numbers);
}

function sameAsWhole(name: string): void {
  assert.ok(readFileSync(checkpointOf(name)).equals(readFileSync(checkpointOf('whole'))), 'the checkpoints differ');
  assert.equal(numbersIn(name), numbersIn('whole'));
  assert.equal(
    loggedSteps(logOf(name)),
    Array.from({ length: STEPS }, (_, index) => index + 1),
  );
  const pictures = (run: string) =>
    readdirSync(join(folder, run, 'samples')).map((file) => [file, statSync(join(folder, run, 'samples', file)).size]);
  assert.equal(pictures(name), pictures('whole'));
  assert.equal(
    readdirSync(join(folder, name)).filter((file) => file.endsWith('.partial')),
    [],
  );
}

/** Starts or resumes a run and sends it a signal once its log has so many lines. */
async function interruptAt(name: string, lines: number, signal: NodeJS.Signals, more: string[], delayMilliseconds = 0): Promise<Finished> {
  const { child, finished } = start('train-facades', withFlags([...PARAMETERS, '--out', join(folder, name)], ...more));
  let ended = false;
  void finished.then(() => (ended = true));
  while (!ended) {
    const size = existsSync(checkpointOf(name)) && existsSync(logOf(name)) ? readFileSync(logOf(name), 'utf8').split('\n').length - 1 : 0;
    if (size >= lines) break;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await new Promise((resolve) => setTimeout(resolve, delayMilliseconds));
  child.kill(signal);
  return finished;
}

for (const mode of [[], ['--eager']]) {
  test(`a run killed three times at random moments ends as the one that was never stopped ${mode.join('')}`, async () => {
    const name = `killed${mode.join('')}`;
    const random = new RandomStream(20, mode.length, 0);
    for (let kill = 0; kill < 3; kill++) {
      const lines = 2 + kill * 7 + Math.floor(random.uniform() * 6);
      const { signal } = await interruptAt(name, lines, 'SIGKILL', [...mode, ...(kill > 0 ? ['--resume'] : [])], random.uniform() * 60);
      assert.is(signal, 'SIGKILL', 'the run was over before it was killed');
    }
    succeeded(await train(name, '--resume', ...mode));
    sameAsWhole(name);
  });
}

test('Ctrl-C saves and exits 130, SIGTERM 143, and the run goes on as if nothing had been', async () => {
  const interrupted = await interruptAt('interrupted', 6, 'SIGINT', []);
  assert.is(interrupted.status, 130, interrupted.stderr);
  assert.match(interrupted.stdout, /stopped after \d+ of 24 steps/);
  assert.match(interrupted.stdout, '--resume --out');
  assert.match(readFileSync(join(folder, 'interrupted', 'report.html'), 'utf8'), 'Interrupted');
  const { step } = await readCheckpointInfo(checkpointOf('interrupted'));
  assert.equal(
    loggedSteps(logOf('interrupted')),
    Array.from({ length: step }, (_, index) => index + 1),
  );

  const terminated = await interruptAt('interrupted', step + 5, 'SIGTERM', ['--resume']);
  assert.is(terminated.status, 143, terminated.stderr);
  // Without the flags that the checkpoint knows.
  succeeded(await run('train-facades', ['--resume', '--out', join(folder, 'interrupted'), '--save-every', '4', '--report-every', '10']));
  sameAsWhole('interrupted');
  assert.match(readFileSync(join(folder, 'interrupted', 'report.html'), 'utf8'), 'Finished');
});

test('a second Ctrl-C ends the run at once and leaves a checkpoint to go on from', async () => {
  const { child, finished } = start('train-facades', [...PARAMETERS, '--out', join(folder, 'twice')]);
  while (!existsSync(checkpointOf('twice')) && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 5));
  child.kill('SIGINT');
  // Nothing to wait for but the signal itself: sent back to back, two may arrive as one.
  child.stderr!.on('data', () => child.kill('SIGINT'));
  assert.is((await finished).status, 130);
  succeeded(await train('twice', '--resume'));
  sameAsWhole('twice');
});

test('a finished run says so, and can be made longer', async () => {
  const before = readFileSync(checkpointOf('whole'));
  assert.match(succeeded(await train('whole', '--resume')), /is finished: 24 steps/);
  assert.ok(readFileSync(checkpointOf('whole')).equals(before));

  succeeded(await run('train-facades', [...TINY, '--steps', '4', '--out', join(folder, 'longer')]));
  const output = succeeded(await run('train-facades', ['--resume', '--steps', '7', '--out', join(folder, 'longer')]));
  assert.match(output, /rate was falling already; .* 7 steps/);
  assert.equal(loggedSteps(logOf('longer')), [1, 2, 3, 4, 5, 6, 7]);
  failedWith(await run('train-facades', ['--resume', '--steps', '3', '--out', join(folder, 'longer')]), 'BAD_FLAG', /7 steps done/);
  // Without its log, the time of the steps so far is not known: no speed is made of their number.
  rmSync(logOf('longer'));
  succeeded(await run('train-facades', ['--resume', '--steps', '9', '--out', join(folder, 'longer')]));
  assert.match(readFileSync(join(folder, 'longer', 'report.html'), 'utf8'), /of 2 of 9 images/);
});

test('flags that contradict the checkpoint are refused', async () => {
  const before = readFileSync(checkpointOf('whole'));
  failedWith(
    await train('whole', '--resume', '--ngf', '8', '--lr', '0.1'),
    'CHECKPOINT_MISMATCH',
    /--lr 0\.001 --ngf 4/,
    /--lr 0\.1 --ngf 8/,
  );
  mkdirSync(join(folder, 'other-data'), { recursive: true });
  failedWith(await train('whole', '--resume', '--data', join(folder, 'other-data')), 'CHECKPOINT_MISMATCH', /synthetic/);
  assert.ok(readFileSync(checkpointOf('whole')).equals(before));
});

test.run();
