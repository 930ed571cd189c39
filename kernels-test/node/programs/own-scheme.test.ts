// not in browsers: it runs programs. examples/own-scheme.js: a scheme outside the library has everything that pix2pix has.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FACADE_CLASSES } from '../../../src/data/facades/classes.js';
import { readCheckpointInfo } from '../../../src/node/weights/checkpoint.js';
import { openWeights } from '../../../src/node/weights/read.js';
import { ort } from '../../harness/onnx.js';

import { buildLibrary, failedWith, readLogLines, run, start, succeeded, temporaryFolder, withFlags } from '../../harness/program.js';

const STEPS = 24;
const PARAMETERS = ['--no-tune', '--size', '16', '--width', '2', '--validate', '2', '--steps', String(STEPS), '--save-every', '4'];
const folder = temporaryFolder('own-scheme');
const outOf = (name: string): string => join(folder, name);
const checkpointOf = (name: string): string => join(outOf(name), 'checkpoint.safetensors');

test.before(async () => {
  buildLibrary();
  succeeded(await run('own-scheme', [...PARAMETERS, '--out', outOf('whole')]));
});

test.after(() => rmSync(folder, { recursive: true, force: true }));

test('its log, report and checkpoint are by the names that it gives', async () => {
  const info = await readCheckpointInfo(checkpointOf('whole'));
  assert.is(info.scheme, 'facade-segmentation');
  assert.equal(info.networks, { segmenter: { kind: 'facade-segmenter', options: { width: 2, size: 16 } } });
  assert.equal(info.optimizers, { segmenterOptimizer: { network: 'segmenter', steps: STEPS } });
  const lines = readLogLines(join(outOf('whole'), 'log.jsonl'));
  const losses = lines.filter((line) => 'crossEntropy' in line).map((line) => line.crossEntropy as number);
  assert.is(losses.length, STEPS);
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  assert.ok(mean(losses.slice(-6)) < mean(losses.slice(0, 6)), `it does not learn: ${losses.join(', ')}`);
  const measured = lines.filter((line) => 'validation' in line).map((line) => line.validation as unknown as Record<string, number>);
  assert.equal(Object.keys(measured[0]!), ['accuracy', ...FACADE_CLASSES.map(([name]) => name)]);
  const report = readFileSync(join(outOf('whole'), 'report.html'), 'utf8');
  for (const words of ['Facade segmentation on synthetic facades', 'cross-entropy', 'Photo', 'Labels', 'molding', 'all wall']) {
    assert.match(report, words);
  }
});

test('killed with SIGKILL, and resumed, it ends with the same bits', async () => {
  const { child, finished } = start('own-scheme', [...PARAMETERS, '--out', outOf('killed')]);
  const log = join(outOf('killed'), 'log.jsonl');
  const lines = (): number => (existsSync(log) && existsSync(checkpointOf('killed')) ? readFileSync(log, 'utf8').split('\n').length : 0);
  while (lines() < 8 && child.exitCode === null) await sleep(5);
  child.kill('SIGKILL');
  assert.is((await finished).signal, 'SIGKILL', 'the run was over before it was killed');
  const resumed = succeeded(await run('own-scheme', ['--resume', '--out', outOf('killed'), '--save-every', '4']));
  assert.match(resumed, /going on from step \d+/);
  assert.ok(readFileSync(checkpointOf('killed')).equals(readFileSync(checkpointOf('whole'))), 'the checkpoints differ');
});

test('replayed and eager steps end with the same bits', async () => {
  succeeded(await run('own-scheme', [...PARAMETERS, '--eager', '--out', outOf('eager')]));
  const tensors = (name: string): Buffer => {
    const bytes = readFileSync(checkpointOf(name));
    return bytes.subarray(8 + Number(bytes.readBigUInt64LE(0)), -4);
  };
  assert.ok(tensors('eager').equals(tensors('whole')), 'the tensors differ');
});

test('its network leaves as safetensors and as ONNX, which compute the same', async () => {
  const name = join(folder, 'segmenter');
  succeeded(await run('own-scheme', ['export', outOf('whole'), name]));
  const [exported, saved] = [await openWeights(`${name}.safetensors`), await openWeights(checkpointOf('whole'))];
  try {
    for (const [tensor, stored] of exported.file.tensors) {
      const own = saved.file.tensors.get(`segmenter.${tensor}`);
      assert.ok(own, `${tensor} is not in the checkpoint`);
      assert.equal(stored.shape, own.shape);
      assert.equal(await stored.read(), await own.read());
    }
  } finally {
    await exported.close();
    await saved.close();
  }
  const session = await ort.InferenceSession.create(`${name}.onnx`, { executionProviders: ['cpu'], logSeverityLevel: 3 });
  const photo = new ort.Tensor('float32', new Float32Array(2 * 3 * 24 * 32).fill(0.25), [2, 3, 24, 32]);
  const [logits] = Object.values(await session.run({ input: photo }));
  assert.equal(logits!.dims, [2, FACADE_CLASSES.length, 24, 32]);
  assert.ok([...logits!.data].every(Number.isFinite));
});

test('runs of one scheme are refused by the program of another, and wrong flags by their rows', async () => {
  failedWith(await run('train-facades', ['--resume', '--out', outOf('whole')]), 'CHECKPOINT_MISMATCH', /pix2pix/, /facade-segmentation/);
  failedWith(await run('own-scheme', withFlags(PARAMETERS, '--size', '18')), 'BAD_FLAG', /multiple of 4/);
  failedWith(await run('own-scheme', ['--resume', '--out', outOf('whole'), '--width', '3']), 'CHECKPOINT_MISMATCH', /--width 2/);
  failedWith(await run('own-scheme', ['export', outOf('whole')]), 'BAD_FLAG', /a name for the files/);
  const said = await run('shadegrad', ['inspect', checkpointOf('whole')]);
  assert.match(said.stdout + said.stderr, /facade-segmenter/);
});

test.run();
