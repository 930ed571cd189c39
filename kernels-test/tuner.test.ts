import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Choices, encodeChoices, parseChoices } from '../src/gpu/choices.js';
import { conv2dForward, conv2dInputGrad, conv2dWeightGrad, CONV_VARIANTS } from '../src/kernels/conv2d.js';
import { parseConvProblem } from '../src/kernels/conv2d-problem.js';
import { chooseWinner, survey, tune, type TuneResult } from '../src/kernels/tuner.js';
import { Tensor } from '../src/tensor/tensor.js';
import { failure } from './harness/devices.js';
import { values } from './harness/deterministic.js';
import { testGpu } from './harness/gpu.js';

const gpu = await testGpu();
const geometry = { stride: [2, 2], padding: [1, 1] } as const;

test('a table decides, and the heuristic where it has nothing that can run', () => {
  const choices = new Choices();
  const choose = () => choices.choose('problem', ['slow', 'fast'], () => 'slow');
  assert.is(choose(), 'slow');
  choices.set('problem', 'fast');
  assert.is(choose(), 'fast');
  choices.load({ problem: 'unknown', another: 'x' });
  assert.is(choose(), 'slow');
  assert.equal(choices.entries(), { another: 'x', problem: 'unknown' });
  assert.equal(choices.used(), { problem: 'slow' });
});

test('a survey notes what is asked for while it lasts', () => {
  const choices = new Choices();
  const asked = choices.survey(() => void choices.choose('inside', ['a'], () => 'a'));
  assert.equal([...asked], [['inside', 'a']]);
  assert.equal(choices.used(), {});
  assert.throws(() => choices.survey(() => { throw new Error('broken'); }), /broken/);
  choices.choose('after', ['a'], () => 'a');
  assert.equal(choices.used(), { after: 'a' });
});

test('a table survives as text, for its own adapter alone', async () => {
  const table = { 'a problem': 'tile' };
  const text = encodeChoices('an adapter', table);
  assert.equal(parseChoices(text, 'an adapter', 'file'), table);
  await failure('INVALID_ARGUMENT', () => parseChoices(text, 'another', 'file'), /another/, /an adapter/, /npx shadegrad tune/);
  for (const bad of ['', '{', 'null', '[]', '{"format":"x"}', text.replace('"tile"', '3'), text.replace(/"version": \d+/, '"version": 0')]) {
    await failure('INVALID_ARGUMENT', () => parseChoices(bad, 'an adapter', 'file'), /file/);
  }
});

/** The three passes of a small layer whose output is a channel slice. */
function passes(): { x: Tensor; w: Tensor; y: Tensor; run: () => void } {
  const x = Tensor.from(gpu, values('x', 2 * 9 * 9 * 8), [2, 9, 9, 8]);
  const w = Tensor.from(gpu, values('w', 4 * 4 * 8 * 36), [4, 4, 8, 36]);
  const y = Tensor.from(gpu, values('y', 2 * 4 * 4 * 72), [2, 4, 4, 72]).sliceChannels(36, 72);
  return {
    x, w, y,
    run: () => {
      conv2dForward(x, w, null, geometry, y);
      conv2dInputGrad(y, w, null, x.shape, geometry);
      conv2dWeightGrad(x, y, w.shape, geometry);
    },
  };
}

test('a survey runs nothing, leaves nothing, and names problems that can be rebuilt', async () => {
  const { y, run } = passes();
  const before = gpu.memory().tensors;
  const problems = [...(await survey(gpu, run)).keys()];
  assert.is(gpu.memory().tensors, before);
  assert.equal(await y.data(), await Tensor.from(gpu, values('y', 2 * 4 * 4 * 72), [2, 4, 4, 72]).sliceChannels(36, 72).data());
  assert.equal(problems, ['forward', 'input_grad', 'weight_grad'].map((pass) => `conv2d ${pass} x2x9x9x8/8+0 w4x4x8x36/36+0 y2x4x4x36/72+0 s2x2 p1x1`));
  assert.equal(parseConvProblem(problems[2]!), {
    pass: 'weight_grad', ...geometry,
    input: { shape: [2, 9, 9, 8], rowStride: 8, misaligned: 0 },
    weight: { shape: [4, 4, 8, 36], rowStride: 36, misaligned: 0 },
    output: { shape: [2, 4, 4, 36], rowStride: 72, misaligned: 0 },
  });
  assert.is(parseConvProblem('gemm 3x3'), null);
});

test('tuning times the variants and stores one that runs, with the same numbers', async () => {
  const { x, w, run } = passes();
  const problems = await survey(gpu, run);
  const expected = await conv2dForward(x, w, null, geometry, undefined, 'tile').data();
  const before = gpu.memory().tensors;
  const seen: [TuneResult, number, number][] = [];
  const results = await tune(gpu, problems, { onProgress: (...event) => seen.push(event) });
  assert.is(gpu.memory().tensors, before);
  assert.equal(seen.map(([result, done, total]) => [result, done, total]), results.map((result, index) => [result, index + 1, 3]));
  assert.equal(results.map(({ problem }) => problem).sort(), [...problems.keys()].sort());
  for (const { problem, winner, heuristic, milliseconds } of results) {
    assert.is(gpu.choices.get(problem), winner);
    assert.is(heuristic, problems.get(problem));
    assert.ok(winner in milliseconds && heuristic in milliseconds && 'tile' in milliseconds);
    assert.ok(Object.values(milliseconds).every((time) => time > 0));
    if (gpu.adapter.software) assert.ok(Object.keys(milliseconds).every((variant) => !variant.startsWith('workgroup')));
  }
  const actual = await conv2dForward(x, w, null, geometry).data();
  assert.ok(actual.every((value, index) => Math.abs(value - expected[index]!) < 1e-4));

  const [first] = await tune(gpu, new Map([[results[0]!.problem, 'tile']]), { all: true });
  // This layer has several output channels, and whether subgroups are to be had depends on the adapter.
  const everywhere = (variants: readonly string[]): string[] => variants.filter((variant) => variant !== 'subgroup' && variant !== 'single').sort();
  assert.equal(everywhere(Object.keys(first!.milliseconds)), everywhere(CONV_VARIANTS));
  assert.not('single' in first!.milliseconds);
});

test('an aborted tuning keeps what it had and stores no more', async () => {
  const { run } = passes();
  const problems = await survey(gpu, run);
  const signal = { aborted: false };
  const results = await tune(gpu, problems, { signal, onProgress: () => (signal.aborted = true) });
  assert.is(results.length, 1);
  assert.equal(await tune(gpu, problems, { signal }), []);
});

test('the heuristic wins unless another is more than 3% faster', () => {
  assert.is(chooseWinner({ a: 1.02, b: 1 }, 'a'), 'a');
  assert.is(chooseWinner({ a: 1.04, b: 1 }, 'a'), 'b');
  assert.is(chooseWinner({ a: 1, b: 2 }, 'a'), 'a');
  assert.is(chooseWinner({ b: 2, c: 1 }, 'a'), 'c');
});

test('what is stored is what runs', () => {
  const { run } = passes();
  gpu.choices.load(Object.fromEntries([...gpu.choices.survey(run)].map(([problem]) => [problem, 'workgroup32'])));
  assert.equal(new Set(gpu.choices.survey(run).values()), new Set(['workgroup32']));
});

test.run();
