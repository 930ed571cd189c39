// first driver only: what is timed and chosen is the host's work; every variant of a kernel is tested on all adapters
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { KernelVariants } from '../../src/gpu/kernel-variants.js';
import { encodeVariants, parseChoices } from '../../src/kernels/tuning-file.js';
import { Gpu } from '../../src/gpu/gpu.js';
import { conv2dForward, conv2dInputGrad, conv2dWeightGrad } from '../../src/kernels/conv2d/conv2d.js';
import { CONV_VARIANTS, supportsConvVariant, type ConvTensors } from '../../src/kernels/conv2d/variants.js';
import { WORKGROUP_TILES } from '../../src/kernels/conv2d/workgroup.js';
import { parseConvProblem, problemTensor } from '../../src/kernels/conv2d/problem.js';
import { chooseWinner, describeFailures, listConvProblems, tune, tunedVariants, type TuneResult } from '../../src/kernels/tuner.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { failure, withLimits, wrapDevice } from '../harness/devices.js';
import { values } from '../harness/deterministic.js';
import { testGpu } from '../harness/gpu.js';

const gpu = await testGpu();
const geometry = { stride: [2, 2], padding: [1, 1] } as const;

test('a table decides, and the heuristic where it has nothing that can run', () => {
  const variants = new KernelVariants();
  const choose = () => variants.variantFor('problem', ['slow', 'fast'], () => 'slow');
  assert.is(choose(), 'slow');
  variants.set('problem', 'fast');
  assert.is(choose(), 'fast');
  variants.load({ problem: 'unknown', another: 'x' });
  assert.is(choose(), 'slow');
  assert.equal(variants.entries(), { another: 'x', problem: 'unknown' });
  assert.equal(variants.used(), { problem: 'slow' });
});

test('askedBy() notes what is asked for while it lasts', () => {
  const variants = new KernelVariants();
  const asked = variants.askedBy(() => void variants.variantFor('inside', ['a'], () => 'a'));
  assert.equal([...asked], [['inside', 'a']]);
  assert.equal(variants.used(), {});
  assert.throws(
    () =>
      variants.askedBy(() => {
        throw new Error('broken');
      }),
    /broken/,
  );
  variants.variantFor('after', ['a'], () => 'a');
  assert.equal(variants.used(), { after: 'a' });
});

test('a table survives as text, for its own adapter alone', async () => {
  const table = { 'a problem': 'tile' };
  const text = encodeVariants('an adapter', table);
  assert.equal(parseChoices(text, 'an adapter', 'file'), table);
  await failure('INVALID_ARGUMENT', () => parseChoices(text, 'another', 'file'), /another/, /an adapter/, /npx shadegrad tune/);
  for (const bad of [
    '',
    '{',
    'null',
    '[]',
    '{"format":"x"}',
    text.replace('"tile"', '3'),
    text.replace(/"version": \d+/, '"version": 0'),
  ]) {
    await failure('INVALID_ARGUMENT', () => parseChoices(bad, 'an adapter', 'file'), /file/);
  }
});

/** The three passes of a small layer whose output is a channel slice. */
function passes(): { x: Tensor; w: Tensor; y: Tensor; run: () => void } {
  const x = Tensor.from(gpu, values('x', 2 * 9 * 9 * 8), [2, 9, 9, 8]);
  const w = Tensor.from(gpu, values('w', 4 * 4 * 8 * 36), [4, 4, 8, 36]);
  const y = Tensor.from(gpu, values('y', 2 * 4 * 4 * 72), [2, 4, 4, 72]).sliceChannels(36, 72);
  return {
    x,
    w,
    y,
    run: () => {
      conv2dForward(x, w, null, geometry, y);
      conv2dInputGrad(y, w, null, x.shape, geometry);
      conv2dWeightGrad(x, y, w.shape, geometry);
    },
  };
}

test('listing the problems runs nothing, leaves nothing, and names problems that can be rebuilt', async () => {
  const { y, run } = passes();
  const before = gpu.memory().tensors;
  const problems = [...(await listConvProblems(gpu, run)).keys()];
  assert.is(gpu.memory().tensors, before);
  assert.equal(
    await y.data(),
    await Tensor.from(gpu, values('y', 2 * 4 * 4 * 72), [2, 4, 4, 72])
      .sliceChannels(36, 72)
      .data(),
  );
  assert.equal(
    problems,
    ['forward', 'input_grad', 'weight_grad'].map((pass) => `conv2d ${pass} x2x9x9x8/8+0 w4x4x8x36/36+0 y2x4x4x36/72+0 s2x2 p1x1`),
  );
  assert.equal(parseConvProblem(problems[2]!), {
    pass: 'weight_grad',
    ...geometry,
    input: { shape: [2, 9, 9, 8], rowStride: 8, misaligned: 0, dtype: 'f32' },
    weight: { shape: [4, 4, 8, 36], rowStride: 36, misaligned: 0, dtype: 'f32' },
    output: { shape: [2, 4, 4, 36], rowStride: 72, misaligned: 0, dtype: 'f32' },
  });
  assert.is(parseConvProblem('gemm 3x3'), null);
});

/** Workgroup memory for the smaller tiles alone: each takes a second to compile on a software adapter. */
const FEW_TILES = { maxComputeWorkgroupStorageSize: 5000 };

test('tuning times the variants and stores one that runs, with the same numbers', async () => {
  const { x, w, run } = passes();
  const problems = await listConvProblems(gpu, run);
  const expected = await conv2dForward(x, w, null, geometry, undefined, 'tile').data();
  const before = gpu.memory().tensors;
  const seen: [TuneResult, number, number][] = [];
  const results = await tune(gpu, problems, { onProgress: (...event) => seen.push(event) });
  assert.is(gpu.memory().tensors, before);
  assert.equal(
    seen.map(([result, done, total]) => [result, done, total]),
    results.map((result, index) => [result, index + 1, 3]),
  );
  assert.equal(results.map(({ problem }) => problem).sort(), [...problems.keys()].sort());
  for (const { problem, winner, heuristic, milliseconds } of results) {
    assert.is(gpu.variants.get(problem), winner);
    assert.is(heuristic, problems.get(problem));
    assert.ok(winner in milliseconds && heuristic in milliseconds && 'tile' in milliseconds);
    assert.ok(Object.values(milliseconds).every((time) => time > 0));
    if (gpu.adapter.software) assert.ok(Object.keys(milliseconds).every((variant) => !variant.startsWith('workgroup')));
  }
  const actual = await conv2dForward(x, w, null, geometry).data();
  assert.ok(actual.every((value, index) => Math.abs(value - expected[index]!) < 1e-4));

  const small = withLimits(gpu, FEW_TILES);
  const [first] = await tune(small, new Map([[results[0]!.problem, 'tile']]), { all: true });
  // Not that for a single output channel, nor a Winograd's for other taps.
  const { pass, stride, padding, ...sides } = parseConvProblem(first!.problem)!;
  const tensors = Object.fromEntries(Object.entries(sides).map(([side, each]) => [side, problemTensor(small, each, side).tensor]));
  const able = CONV_VARIANTS.filter((variant) =>
    supportsConvVariant(pass, variant, tensors as unknown as ConvTensors, { stride, padding }),
  );
  assert.equal(Object.keys(first!.milliseconds).sort(), [...able].sort());
  assert.ok(able.includes('winograd2') && able.includes('workgroup32k8') && !able.includes('single') && !able.includes('winograd4'));
});

test('an aborted tuning keeps what it had and stores no more', async () => {
  const { run } = passes();
  const problems = await listConvProblems(gpu, run);
  const signal = { aborted: false };
  const results = await tune(gpu, problems, { signal, onProgress: () => (signal.aborted = true) });
  assert.is(results.length, 1);
  assert.equal(await tune(gpu, problems, { signal }), []);
});

/** A runtime on the same device for which the shaders of some kernels are other ones. */
function withShaders(change: (name: string, code: string) => string): Gpu {
  const createShaderModule = (descriptor: GPUShaderModuleDescriptor): GPUShaderModule =>
    gpu.device.createShaderModule({ ...descriptor, code: change(descriptor.label ?? '', descriptor.code) });
  return new Gpu(wrapDevice(withLimits(gpu, FEW_TILES).device, { createShaderModule }), gpu.adapter);
}

const KEYS = ['forward', 'input_grad', 'weight_grad'].map((pass) => `conv2d ${pass} x1x9x9x8/8+0 w4x4x8x36/36+0 y1x4x4x36/72+0 s2x2 p1x1`);
/** On a software adapter the tile that is compiled is the heuristic's alone: each takes a while. */
const PROBLEMS = new Map(KEYS.map((key) => [key, 'workgroup32']));
const WORKGROUP_KERNELS = /^conv2d_.*_workgroup$/;
/** The kernel's tile is part of its code: workgroup32's here. */
const isSmallest = (code: string): boolean => ['BM = 32', 'BN = 32', 'BK = 16'].every((part) => code.includes(`const ${part}u;`));

/** What a driver may do to a shader, and what tuning says of it. */
const DAMAGES: readonly [name: string, damage: (code: string) => string, reason: RegExp][] = [
  ['does not compile', (code) => `${code}\nfn broken( {`, /does not compile/],
  [
    'writes nothing',
    (code) => `const NOTHING = true;\n${code.replace(/fn main\(([\s\S]*?)\) \{/, 'fn main($1) {\n  if (NOTHING) { return; }')}`,
    /not written/,
  ],
];

for (const [name, damage, reason] of DAMAGES) {
  test(`a variant that ${name} does not win, and is named; tuning goes on`, async () => {
    const broken = withShaders((label, code) => (WORKGROUP_KERNELS.test(label) && isSmallest(code) ? damage(code) : code));
    const before = broken.memory();
    const results = await tune(broken, PROBLEMS);
    assert.is(results.length, KEYS.length);
    for (const { problem, winner, milliseconds, failures } of results) {
      assert.equal(Object.keys(failures), ['workgroup32'], problem);
      assert.match(failures.workgroup32!, reason);
      assert.not('workgroup32' in milliseconds);
      assert.ok('tile' in milliseconds);
      assert.ok(winner in milliseconds);
      assert.is(broken.variants.get(problem), winner);
    }
    assert.is(describeFailures(results).length, KEYS.length);
    assert.match(describeFailures(results)[0]!, /variant "workgroup32" of conv2d/);
    assert.equal(
      Object.values(tunedVariants(results)),
      KEYS.map((key) => broken.variants.get(key)),
    );
    assert.is(broken.memory().tensors, before.tensors);
    assert.is(broken.memory().bytesInUse, before.bytesInUse, 'no recording is left');
  });
}

test('a variant that computes something else does not win, be it the plainest one', async () => {
  for (const odd of ['workgroup32', 'tile']) {
    const kernels = odd === 'tile' ? /^conv2d_(forward|input_grad|weight_grad)$/ : WORKGROUP_KERNELS;
    const wrong = withShaders((label, code) => (kernels.test(label) && (odd === 'tile' || isSmallest(code)) ? wrongly(code) : code));
    // To outvote the plainest one takes two others.
    const all = odd === 'tile';
    for (const { problem, winner, failures } of await tune(wrong, all ? new Map([[KEYS[2]!, 'workgroup32']]) : PROBLEMS, { all })) {
      assert.equal(Object.keys(failures), [odd], problem);
      assert.match(failures[odd]!, /something else/);
      assert.is.not(winner, odd);
    }
  }
});

/** Reads the second operand from the wrong place now and then: `load_b` serves all kernels. */
function wrongly(code: string): string {
  const changed = code.replace(
    'fn load_b(element: u32, available: u32) -> vec4f {',
    (head) => `${head.replace('element', 'right')}\n  let element = right ^ 4u;`,
  );
  assert.is.not(changed, code);
  return changed;
}

test('a tile that does not fit into the memory of a workgroup is left out', () => {
  const tensors = { input: [1, 9, 9, 8], weight: [4, 4, 8, 36], output: [1, 4, 4, 36] };
  for (const [kibibytes, fits] of [
    [16, false],
    [17, true],
  ] as const) {
    const small = withLimits(gpu, { maxComputeWorkgroupStorageSize: kibibytes * 1024 });
    const [input, weight, output] = Object.values(tensors).map((shape) => Tensor.empty(small, shape));
    const able = CONV_VARIANTS.filter((variant) =>
      supportsConvVariant('forward', variant, { input: input!, weight: weight!, output: output! }, geometry),
    );
    const tiles = able.filter((variant) => variant.startsWith('workgroup'));
    assert.equal(tiles, fits ? WORKGROUP_TILES : WORKGROUP_TILES.slice(0, -1));
  }
});

test('when no variant runs, the heuristic stays and nothing is stored', async () => {
  const none = withShaders((label, code) => (/^(conv2d|winograd)/.test(label) ? `${code}\nfn broken( {` : code));
  const [key] = KEYS;
  const [result] = await tune(none, new Map([[key!, 'tile']]));
  assert.is(result!.winner, 'tile');
  assert.equal(result!.milliseconds, {});
  assert.match(result!.failures.tile!, /does not compile/);
  assert.is(none.variants.get(key!), undefined);
  assert.equal(tunedVariants([result!]), {});
});

test('a problem that does not fit in memory is left out, and the next one is tuned', async () => {
  const huge = `conv2d forward x1x60000x60000x64/64+0 w4x4x64x64/64+0 y1x30000x30000x64/64+0 s2x2 p1x1`;
  const results = await tune(
    gpu,
    new Map([
      [huge, 'tile'],
      [KEYS[0]!, 'tile'],
    ]),
  );
  assert.equal(
    results.map(({ problem }) => problem),
    [huge, KEYS[0]!],
  );
  assert.match(results[0]!.failures.tile!, /does not fit/);
  assert.equal(Object.keys(results[1]!.failures), []);
});

test('the heuristic wins unless another is more than 3% faster', () => {
  assert.is(chooseWinner({ a: 1.02, b: 1 }, 'a'), 'a');
  assert.is(chooseWinner({ a: 1.04, b: 1 }, 'a'), 'b');
  assert.is(chooseWinner({ a: 1, b: 2 }, 'a'), 'a');
  assert.is(chooseWinner({ b: 2, c: 1 }, 'a'), 'c');
});

test('what is stored is what runs', () => {
  const { run } = passes();
  gpu.variants.load(Object.fromEntries([...gpu.variants.askedBy(run)].map(([problem]) => [problem, 'workgroup32'])));
  assert.equal(new Set(gpu.variants.askedBy(run).values()), new Set(['workgroup32']));
});

test.run();
