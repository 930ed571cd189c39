import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { backward } from '../../src/autograd/backward.js';
import { openModuleFile } from '../../src/exchange/network/module-file.js';
import { bytesSource } from '../../src/formats/byte-source.js';
import { permuteNumbers } from '../../src/nn/axes.js';
import type { Layer } from '../../src/nn/forward.js';
import {
  AdaptiveAvgPool2d,
  AvgPool2d,
  BatchNorm2d,
  Conv2d,
  ConvTranspose2d,
  ELU,
  Embedding,
  GroupNorm,
  LayerNorm,
  LogSoftmax,
  MaxPool2d,
  ModuleDict,
  PixelShuffle,
  PixelUnshuffle,
  ReflectionPad2d,
  ReplicationPad2d,
  Softmax,
  Softplus,
  Unflatten,
  Upsample,
  ZeroPad2d,
} from '../../src/nn/layers.js';
import { Tensor } from '../../src/tensor/tensor.js';
import golden from '../goldens/layers.json';
import { generate, type GeneratedArray } from '../harness/deterministic.js';
import { assertClose, float32, type StoredArray } from '../harness/golden.js';
import { testGpu } from '../harness/gpu.js';

const gpu = await testGpu();

/** Each beside the layer of scripts/goldens/layers.py of its name. */
const layers: Record<string, Layer> = {
  groupNorm: new GroupNorm(2, 6),
  plainGroupNorm: new GroupNorm(3, 6, { epsilon: 1e-3, affine: false }),
  layerNorm: new LayerNorm(7),
  sequenceLayerNorm: new LayerNorm([5, 7], { epsilon: 1e-3 }),
  imageLayerNorm: new LayerNorm([4, 2, 3]),
  plainLayerNorm: new LayerNorm(7, { affine: false }),
  embedding: new Embedding({ entries: 5, dimensions: 3 }),
  plainBatchNorm: new BatchNorm2d(3, { affine: false }),
  untrackedBatchNorm: new BatchNorm2d(3, { trackRunningStatistics: false }),
  bareBatchNorm: new BatchNorm2d(3, { affine: false, trackRunningStatistics: false }),
  reflectConv: new Conv2d({ inChannels: 3, outChannels: 4, kernel: 3, padding: 1, paddingMode: 'reflect' }),
  replicateConv: new Conv2d({ inChannels: 2, outChannels: 3, kernel: [3, 2], stride: 2, padding: [2, 1], paddingMode: 'replicate' }),
  sameConv: new Conv2d({ inChannels: 2, outChannels: 3, kernel: [4, 3], padding: 'same', dilation: [1, 2] }),
  sameReflectConv: new Conv2d({ inChannels: 2, outChannels: 2, kernel: 2, padding: 'same', paddingMode: 'reflect', bias: false }),
  evenSameConv: new Conv2d({ inChannels: 2, outChannels: 3, kernel: 3, padding: 'same' }),
  groupedConv: new Conv2d({ inChannels: 4, outChannels: 6, kernel: 3, padding: 1, groups: 2 }),
  depthwiseConv: new Conv2d({ inChannels: 4, outChannels: 4, kernel: [3, 1], stride: [2, 1], dilation: [2, 1], groups: 4 }),
  groupedTransposed: new ConvTranspose2d({
    inChannels: 4,
    outChannels: 6,
    kernel: 3,
    stride: 2,
    padding: 1,
    outputPadding: 1,
    groups: 2,
    dilation: 2,
  }),
  maxPool: new MaxPool2d({ kernel: 2 }),
  overlappingMaxPool: new MaxPool2d({ kernel: 3, stride: 2, padding: 1, ceilMode: true }),
  averagePool: new AvgPool2d({ kernel: [2, 3] }),
  paddedAveragePool: new AvgPool2d({ kernel: 3, stride: 2, padding: 1, countIncludePad: false }),
  globalPool: new AdaptiveAvgPool2d(1),
  adaptivePool: new AdaptiveAvgPool2d([2, 3]),
  // PyTorch's (left, right, top, bottom).
  zeroPad: new ZeroPad2d([0, 3, 1, 2]),
  reflectionPad: new ReflectionPad2d(2),
  replicationPad: new ReplicationPad2d([2, 3, 0, 1]),
  upsample: new Upsample({ scale: 2 }),
  bilinearUpsample: new Upsample({ size: [5, 6], mode: 'bilinear', alignCorners: true }),
  pixelShuffle: new PixelShuffle(2),
  pixelUnshuffle: new PixelUnshuffle(3),
  softmax: new Softmax(),
  logSoftmax: new LogSoftmax(),
  softmaxOfRows: new Softmax({ axis: 0 }),
  elu: new ELU(),
  halfElu: new ELU(0.5),
  softplus: new Softplus(),
  steepSoftplus: new Softplus(2),
  unflatten: new Unflatten([2, 4, 3]),
};

interface Case {
  readonly name: string;
  readonly input?: GeneratedArray;
  readonly indices?: number[][];
  readonly seed: GeneratedArray;
  readonly output: StoredArray;
  readonly gradient?: StoredArray;
  readonly parameters: Readonly<Record<string, StoredArray>>;
  /** What a batch norm makes in eval(). */
  readonly evaluated?: StoredArray;
}

const cases = golden.cases as unknown as Case[];
const all = new ModuleDict(layers).to(gpu);

test('a PyTorch state dict of them is loaded with nothing written by hand, and theirs has its names and shapes', async () => {
  assert.equal(
    cases.map(({ name }) => name),
    Object.keys(layers),
  );
  const theirs = Uint8Array.from(atob(golden.file), (character) => character.charCodeAt(0));
  assert.equal(await all.loadStateDict(await openModuleFile(bytesSource(theirs, 'layers.pth'))), { missing: [], unexpected: [] });
  const sorted = (list: readonly (readonly [string, readonly number[]])[]) => [...list].sort(([a], [b]) => (a < b ? -1 : 1));
  const own = [...all.stateDict({ layout: 'pytorch' })].map(([name, { shape }]): [string, number[]] => [name, [...shape]]);
  assert.equal(sorted(own), sorted(golden.names as [string, number[]][]));
});

const close = async (tensor: Tensor, expected: StoredArray, label: string): Promise<void> => {
  assert.equal([...tensor.shape], expected.shape, label);
  assertClose(await tensor.data(), float32(expected), { absolute: 5e-6, relative: 5e-6, label });
};

for (const { name, input, indices, seed, output, gradient, parameters, evaluated } of cases) {
  test(`${name} is PyTorch's, with its gradients; recorded and written elsewhere it is the same to the bit`, async () => {
    const layer = layers[name]!;
    const x = input
      ? Tensor.from(gpu, generate(input), input.shape)
      : Tensor.from(gpu, new Int32Array(indices!.flat()), [indices!.length, indices![0]!.length]);
    x.requiresGrad = input !== undefined;
    const y = gpu.scope(() => {
      const result = layer.forward(x);
      backward(result, Tensor.from(gpu, generate(seed), seed.shape));
      return result;
    });
    await close(y, output, name);
    if (gradient) await close(x.grad!, gradient, `gradient of ${name}`);
    const own = [...layer.namedTensors()].filter(([, { trainable }]) => trainable);
    assert.equal(
      own.map(([key]) => key),
      Object.keys(parameters),
    );
    for (const [key, { value, shape, pytorchAxes }] of own) {
      const found = await value.grad!.data();
      const turned = pytorchAxes ? permuteNumbers(found, shape, pytorchAxes) : found;
      assertClose(turned, float32(parameters[key]!), { absolute: 1e-5, relative: 5e-6, label: `gradient of ${key} of ${name}` });
    }
    layer.eval();
    const inEval = gpu.scope(() => layer.forward(x));
    if (evaluated) await close(inEval, evaluated, `${name} in eval()`);
    const expected = [...(await inEval.data())];
    const wide = Tensor.empty(gpu, [...y.shape.slice(0, -1), y.channels + 4]).keep();
    const out = wide.channelView(4, y.channels + 4).keep();
    assert.is(
      gpu.scope(() => layer.forward(x, { out })),
      out,
    );
    assert.equal([...(await out.data())], expected, 'out');
    const { recording, result } = await gpu.record(() => layer.forward(x));
    recording.run();
    assert.equal([...(await result.data())], expected, 'recorded');
    recording.destroy();
    for (const each of [x, y, inEval, out, wide, result]) each.dispose();
  });
}

test.after(() => all.dispose());

test.run();
