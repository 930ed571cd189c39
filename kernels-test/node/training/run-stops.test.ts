// not in browsers: it runs programs. Every way in which a run is stopped and what it leaves; kill -9 and Ctrl-C are in
// resume.test.ts, full disks in bad-input.test.ts.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from 'esbuild';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { crc32 } from '../../../src/formats/crc32.js';
import { parseHeader } from '../../../src/formats/safetensors.js';
import { readCheckpointInfo } from '../../../src/node/weights/checkpoint.js';
import { Interrupt } from '../../../src/node/training/interrupt.js';
import {
  buildLibrary,
  failedWith,
  loggedSteps,
  run,
  start,
  succeeded,
  temporaryFolder,
  TINY,
  type Running,
  withFlags,
} from '../../harness/program.js';

const STEPS = 40;
const PARAMETERS = withFlags(TINY, '--ngf', '1', '--ndf', '1', '--steps', String(STEPS), '--save-every', '5', '--report-every', '30');
const folder = temporaryFolder('stops');
const outOf = (name: string): string => join(folder, name);
const checkpointOf = (name: string): string => join(folder, name, 'checkpoint.safetensors');
const logOf = (name: string): string => join(folder, name, 'log.jsonl');

test.before(async () => {
  buildLibrary();
  succeeded(await run('train-facades', [...PARAMETERS, '--out', outOf('whole')]));
});

test.after(() => rmSync(folder, { recursive: true, force: true }));

/** Waits until a run has logged so many lines and saved, or has ended. */
async function under({ child }: Running, name: string, lines: number): Promise<void> {
  const logged = (): number =>
    existsSync(checkpointOf(name)) && existsSync(logOf(name)) ? readFileSync(logOf(name), 'utf8').split('\n').length - 1 : 0;
  while (logged() < lines && child.exitCode === null && child.signalCode === null) await sleep(5);
}

/** Closes the reading ends of both outputs, as a terminal or `head` that goes away does. */
function goAway({ child }: Running): void {
  child.stdout!.destroy();
  child.stderr!.destroy();
}

const bytesOf = (name: string): Buffer => readFileSync(checkpointOf(name));

test('a run whose outputs go away at once trains to its end', async () => {
  const running = start('train-facades', [...PARAMETERS, '--out', outOf('unread')]);
  goAway(running);
  assert.is((await running.finished).status, 0);
  assert.ok(bytesOf('unread').equals(bytesOf('whole')));
  assert.match(readFileSync(join(outOf('unread'), 'report.html'), 'utf8'), 'Finished');
});

test('a terminal that closes, with more signals than one and nothing to write to: saved, 129, and gone on with', async () => {
  const running = start('train-facades', withFlags(PARAMETERS, '--steps', '1000000', '--out', outOf('hung-up')));
  await under(running, 'hung-up', 7);
  goAway(running);
  for (const signal of ['SIGHUP', 'SIGHUP', 'SIGTERM', 'SIGHUP'] as const) running.child.kill(signal);
  const { status, signal } = await running.finished;
  assert.is(signal, null);
  assert.ok(status === 129 || status === 143, `exit status ${status}`);
  const { step } = await readCheckpointInfo(checkpointOf('hung-up'));
  assert.ok(step < 1_000_000);
  assert.equal(
    loggedSteps(logOf('hung-up')),
    Array.from({ length: step }, (_, index) => index + 1),
  );
  assert.match(readFileSync(join(outOf('hung-up'), 'report.html'), 'utf8'), 'Interrupted');
  // In the first half of a run the learning rate is the same, however long the run is.
  const length = ['--steps', String(2 * step + 2), '--save-every', '5', '--report-every', '30'];
  succeeded(await run('train-facades', ['--resume', '--out', outOf('hung-up'), ...length]));
  succeeded(await run('train-facades', withFlags(PARAMETERS, ...length, '--out', outOf('never-hung-up'))));
  assert.ok(bytesOf('hung-up').equals(bytesOf('never-hung-up')));
});

/** Waits for a file that another process writes, a minute at most. */
async function written(path: string): Promise<string> {
  for (let turn = 0; turn < 6000; turn++, await sleep(10)) {
    const text = existsSync(path) ? readFileSync(path, 'utf8').trim() : '';
    if (text !== '') return text;
  }
  throw new Error(`${path} was not written`);
}

test('a real terminal that goes away, with a signal and without (where script(1) can make one)', async () => {
  if (!/util-linux/.test(spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout ?? '')) return;
  for (const [name, signal, expected] of [
    ['terminal-signal', true, '129'],
    ['terminal-silent', false, '0'],
  ] as const) {
    const [pid, status] = [join(folder, `${name}-pid`), join(folder, `${name}-status`)];
    const command = [
      process.execPath,
      join(process.cwd(), 'bin/shadegrad.js'),
      'train',
      ...withFlags(PARAMETERS, ...(signal ? ['--steps', '1000000'] : [])),
      '--out',
      outOf(name),
    ].join(' ');
    // The shell outlives the terminal to write the status down. It is the terminal's session leader: were there a second one around it,
    // which does not ignore the signal, then that one's end would send the program a SIGHUP.
    const script = `trap "" HUP; ${command} & echo $! > ${pid}; wait $!; echo $? > ${status}`;
    const terminal = spawn('script', ['-qec', script, '/dev/null'], {
      stdio: ['pipe', 'ignore', 'ignore'],
      env: { ...process.env, SHELL: '/bin/sh' },
    });
    const program = Number(await written(pid));
    try {
      await written(logOf(name));
      terminal.kill('SIGKILL');
      if (signal) {
        for (let turn = 0; turn < 6000 && !existsSync(checkpointOf(name)); turn++) await sleep(10);
        process.kill(program, 'SIGHUP');
      }
      assert.is(await written(status), expected);
    } finally {
      if (!existsSync(status)) process.kill(program, 'SIGKILL');
    }
    if (signal) assert.is((await readCheckpointInfo(checkpointOf(name))).step, loggedSteps(logOf(name)).length);
    else assert.ok(bytesOf(name).equals(bytesOf('whole')));
  }
});

test('signals of one event count once, a later SIGHUP never, a later Ctrl-C or SIGTERM ends at once', () => {
  const clock = { now: 0 };
  const exits: unknown[] = [];
  const { exit } = process;
  process.exit = ((status: number) => exits.push(status)) as unknown as typeof process.exit;
  try {
    for (const [first, status] of [
      ['SIGINT', 130],
      ['SIGTERM', 143],
      ['SIGHUP', 129],
    ] as const) {
      clock.now = 0;
      exits.length = 0;
      let told = 0;
      const interrupt = new Interrupt(
        () => told++,
        () => clock.now,
      );
      assert.is(interrupt.exitStatus, undefined);
      process.emit(first, first);
      for (const again of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.emit(again, again);
      clock.now = 60_000;
      process.emit('SIGHUP', 'SIGHUP');
      assert.equal([interrupt.exitStatus, told, exits], [status, 1, []]);
      process.emit('SIGINT', 'SIGINT');
      process.emit('SIGTERM', 'SIGTERM');
      assert.equal(exits, [130, 143]);
      interrupt.dispose();
    }
  } finally {
    process.exit = exit;
  }
});

test('errors of stdout and stderr, EPIPE and EIO, end no program', async () => {
  const path = join(folder, 'dead-streams.mjs');
  const contents = `import { runMain } from './src/node/programs/run-main.js';
    import { writeFileSync } from 'node:fs';
    await runMain(async () => {
      for (const stream of [process.stdout, process.stderr]) {
        for (const code of ['EPIPE', 'EIO', 'ENOSPC']) stream.emit('error', Object.assign(new Error('write ' + code), { code }));
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
      writeFileSync(process.argv[2], 'done');
      return 7;
    });`;
  await build({
    stdin: { contents, resolveDir: process.cwd() },
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: path,
    logLevel: 'error',
  });
  const { status } = spawnSync(process.execPath, [path, join(folder, 'done')]);
  assert.equal([status, existsSync(join(folder, 'done'))], [7, true]);
});

test('an error that nobody caught ends the run and leaves its checkpoint', async () => {
  const script = join(folder, 'uncaught.mjs');
  // Thrown once there is a checkpoint; a rename is what makes one.
  writeFileSync(
    script,
    `import { promises } from 'node:fs';
    const { rename } = promises;
    promises.rename = async (from, to) => {
      await rename(from, to);
      if (to.endsWith('.safetensors')) setTimeout(() => { throw new Error('a fault of the program'); });
    };`,
  );
  const result = await run('train-facades', [...PARAMETERS, '--out', outOf('uncaught')], { env: { NODE_OPTIONS: `--import ${script}` } });
  assert.is(result.status, 1);
  assert.match(result.stderr, 'error: a fault of the program');
  succeeded(await run('train-facades', ['--resume', '--out', outOf('uncaught')]));
  assert.ok(bytesOf('uncaught').equals(bytesOf('whole')));
});

test('one process a folder; after kill -9 the next goes on at once; --minutes stops it and keeps its length', async () => {
  const long = ['--steps', '1000000', '--out', outOf('long')];
  const running = start('train-facades', withFlags(PARAMETERS, ...long));
  await under(running, 'long', 3);
  const before = bytesOf('long');
  failedWith(
    await run('train-facades', ['--resume', '--out', outOf('long')]),
    'RUN_IN_USE',
    new RegExp(`process ${running.child.pid}`),
    /--out/,
  );
  assert.is(running.child.exitCode, null);
  running.child.kill('SIGKILL');
  await running.finished;
  assert.ok(before.length > 0);

  const { step } = await readCheckpointInfo(checkpointOf('long'));
  const printed = succeeded(await run('train-facades', ['--resume', '--minutes', '0.1', '--out', outOf('long')]));
  assert.match(printed, /stopped after [\d,]+ of 1,000,000 steps/);
  assert.match(printed, '--resume --out');
  assert.match(printed, /on 2 validation images at step [\d,]+: L1/);
  const after = await readCheckpointInfo(checkpointOf('long'));
  assert.ok(after.step > step && after.step < 1_000_000, `from step ${step} to ${after.step}`);
  assert.is(after.options.totalSteps, 1_000_000);
  assert.is(loggedSteps(logOf('long')).length, after.step);
  failedWith(await run('train-facades', ['--resume', '--minutes', '1', '--out', outOf('whole')]), 'BAD_FLAG', /finished/, /--steps 80/);
});

/** Gives the first element of a tensor of a checkpoint another value, checksum included. */
function patch(path: string, name: string, value: number): void {
  const bytes = readFileSync(path);
  const { tensors } = parseHeader(bytes, bytes.length);
  const index = tensors.findIndex((tensor) => tensor.name === name);
  const { start, end } = tensors[index]!;
  bytes.writeFloatLE(value, start);
  bytes.writeUInt32LE(crc32(bytes.subarray(start, end)), tensors[tensors.length - 1]!.start + 4 * (index + 1));
  writeFileSync(path, bytes);
}

test('weights that the last step makes infinite never replace the checkpoint', async () => {
  succeeded(await run('train-facades', withFlags(PARAMETERS, '--steps', '2', '--lr', '1', '--lambda', '1', '--out', outOf('poisoned'))));
  // The step's losses are computed before its update: they are finite.
  patch(checkpointOf('poisoned'), 'generatorOptimizer.firstMoment.model.model.0.weight', 3e38);
  patch(checkpointOf('poisoned'), 'generatorOptimizer.secondMoment.model.model.0.weight', 0);
  const before = bytesOf('poisoned');
  const result = await run('train-facades', ['--resume', '--steps', '3', '--out', outOf('poisoned')]);
  failedWith(result, 'DIVERGED', /by step 3: "generator\./, /--lr /, /checkpoint of step 2 is kept/);
  assert.equal(loggedSteps(logOf('poisoned')), [1, 2, 3]);
  assert.ok(bytesOf('poisoned').equals(before));
});

test('--debug-nan names the layer where what is not finite begins; without it, the losses are named', async () => {
  succeeded(await run('train-facades', withFlags(PARAMETERS, '--steps', '2', '--out', outOf('nan'))));
  // Of a norm: times what it normalises it is too large for f32.
  patch(checkpointOf('nan'), 'generator.model.model.1.model.2.weight', 3e38);
  const resume = (...flags: string[]) => run('train-facades', ['--resume', '--steps', '3', ...flags, '--out', outOf('nan')]);
  failedWith(await resume(), 'DIVERGED', /step 3: .*generatorL1/, /--clip-grad 1; --debug-nan/);
  const looked = await resume('--debug-nan');
  failedWith(looked, 'DIVERGED', /step 3: the output of \w+ of generator\.model\.model\.1\.model\.2 is the first/, /--clip-grad 1/);
});

test('steps that are looked at are the steps that are not', async () => {
  for (const [name, flags] of Object.entries({ plain: [], watched: ['--debug-nan'] })) {
    succeeded(await run('train-facades', withFlags(PARAMETERS, '--steps', '2', ...flags, '--out', outOf(name))));
  }
  assert.ok(bytesOf('plain').equals(bytesOf('watched')));
});

test.run();
