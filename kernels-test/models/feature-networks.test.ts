import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { backward } from '../../src/autograd/backward.js';
import { noGrad } from '../../src/autograd/graph.js';
import { mean, sum } from '../../src/autograd/ops.js';
import { loadFeatures, loadPerceptualDistance } from '../../src/models/features/load.js';
import type { ErrorCode } from '../../src/errors.js';
import { zeros } from '../../src/kernels/creation.js';
import { AlexNet } from '../../src/models/features/alexnet.js';
import { INCEPTION, InceptionV3 } from '../../src/models/features/inception.js';
import { VGG16 } from '../../src/models/features/vgg16.js';
import { elementCount } from '../../src/tensor/shape.js';
import { Tensor } from '../../src/tensor/tensor.js';
import golden from '../goldens/feature_networks.json';
import { generate, hashName, type GeneratedArray } from '../harness/deterministic.js';
import { failure } from '../harness/devices.js';
import { assertClose, assertMatchesSummary, float32, type ArraySummary } from '../harness/golden.js';
import { testGpu } from '../harness/gpu.js';
import { featureFile, layerShapes, shapesOf, type NamedShapes } from '../harness/feature-files.js';
import { fileOf } from '../harness/weights.js';

const gpu = await testGpu();
const upload = (each: GeneratedArray): Tensor => Tensor.from(gpu, generate(each), each.shape);

/** The hash of names and shapes, in the order of the names. */
const hashOf = (shapes: NamedShapes): number =>
  hashName(
    [...shapes]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, shape]) => `${name} [${shape.join(', ')}]`)
      .join('\n'),
  );

for (const each of golden.inception) {
  test(`Inception-v3 with the pools of ${each.pools} makes of pictures what PyTorch's does`, async () => {
    const options = { pools: each.pools as 'fid', width: each.width };
    const shapes = shapesOf(gpu, new InceptionV3(options));
    assert.is(hashOf(shapes), each.names);
    const classes = each.pools === 'fid' ? 1008 : 1000;
    const { kind, network } = await loadFeatures(gpu, featureFile([...shapes, ['fc.weight', [classes, 128]], ['AuxLogits.x', [2]]]));
    assert.is(kind.kind, 'inception');
    assert.equal(network.options, options);
    // Without the classifier, too: torchvision's has a second one.
    const others = each.pools === 'fid' ? [] : ([['AuxLogits.fc.weight', [1000, 768]]] as const);
    assert.is((INCEPTION.options(new Map([...shapes, ...others]), 'a file') as typeof options).pools, each.pools);
    const x = upload(each.input);
    const made = gpu.scope(() => noGrad(() => (network as InceptionV3).forward(x)));
    assert.equal(made.shape, each.output.shape);
    assertClose(await made.data(), float32(each.output), { absolute: 2e-5, relative: 2e-4, label: each.pools });
    for (const part of [network, x, made]) part.dispose();
  });
}

const ROWS = { alexnet: AlexNet, vgg16: VGG16 };
for (const each of golden.lpips) {
  const kind = each.kind as keyof typeof ROWS;
  test(`${kind} and LPIPS by it are PyTorch's, ${each.inputs[0]!.shape.join(' x ')}`, async () => {
    const own = shapesOf(gpu, new ROWS[kind]({ channels: each.channels }));
    assert.is(hashOf(own), each.names);
    const shapes: NamedShapes = [...own, ['classifier.1.weight', [3, 2]]];
    const loaded = await loadPerceptualDistance(gpu, featureFile(shapes), featureFile(layerShapes(each.channels)));
    assert.is(loaded.kind.kind, kind);
    const [x, y] = each.inputs.map(upload) as [Tensor, Tensor];
    const measure = (a: Tensor, b: Tensor): Promise<Float32Array> => gpu.scope(() => noGrad(() => loaded.distance.forward(a, b))).data();
    assertClose(await measure(x, y), float32(each.distances), { relative: 1e-4, label: 'distances' });
    assertClose(await measure(y, x), float32(each.distances), { relative: 1e-4, label: 'the other way' });
    assert.equal([...(await measure(x, x))], x.shape[0] === 1 ? [0] : Array(x.shape[0]).fill(0));
    x.requiresGrad = true;
    gpu.scope(() => backward(sum(loaded.distance.forward(x, y))));
    const summary = each.gradient as unknown as ArraySummary;
    assertMatchesSummary(await x.grad!.data(), summary, { relative: 1e-3, label: 'gradient of the first pictures' });
    const [shift, scale] = [
      [-0.03, -0.088, -0.188],
      [0.458, 0.448, 0.45],
    ];
    const numbers = generate(each.inputs[0]!).map((value, at) => (value - shift[at % 3]!) / scale[at % 3]!);
    const scaled = Tensor.from(gpu, numbers, x.shape);
    const means = gpu.scope(() => noGrad(() => loaded.network.features(scaled).map((layer) => mean(layer, { axes: [1, 2] }))));
    for (const [layer, own] of means.entries()) {
      assertClose(await own.data(), float32(each.features[layer]!), { absolute: 1e-5, relative: 1e-4, label: `layer ${layer}` });
    }
    for (const part of [loaded.distance, x, y, scaled, ...means]) part.dispose();
  });
}

test('the numbers of parameters are those of the published networks', () => {
  const counts = [new InceptionV3(), new AlexNet(), new VGG16()].map((network) => network.parameterCount);
  // Inception-v3 of torchvision has 27,161,264, of which 2,049,000 are its classifier's and 3,326,696 those of the second one.
  assert.equal(counts, [21_785_568, 2_469_696, 14_714_688]);
  assert.is(new InceptionV3().dimensions, 2048);
});

test('files of other networks, of half a network and of layers of another are refused', async () => {
  const alexnet = shapesOf(gpu, new AlexNet({ channels: [2, 2, 2, 2, 2] }));
  const vgg = shapesOf(gpu, new VGG16({ channels: [1, 1, 1, 1, 1] }));
  const refused = (code: ErrorCode, work: () => Promise<unknown>, ...words: string[]): Promise<unknown> =>
    failure(code, work, ...words, 'fix: ');
  await refused(
    'WEIGHTS_UNSUPPORTED',
    () => loadFeatures(gpu, featureFile(vgg), ['inception']),
    'no Inception-v3',
    'those of VGG16',
    'pytorch-fid',
  );
  await refused('WEIGHTS_UNSUPPORTED', () => loadFeatures(gpu, featureFile([['a.b', [3]]])), '1 tensors', '"a.b"');
  await refused('WEIGHTS_UNSUPPORTED', () => loadFeatures(gpu, featureFile([])), 'no tensor');
  const missing = alexnet.filter(([name]) => name !== 'features.8.bias');
  await refused('WEIGHTS_MISMATCH', () => loadFeatures(gpu, featureFile(missing)), '"features.8.bias" is missing');
  await refused('WEIGHTS_MISMATCH', () => loadFeatures(gpu, featureFile([...alexnet, ['extra', [1]]])), '"extra" has no place');
  const uneven = vgg.map(([name, shape]): [string, readonly number[]] => [name, name === 'features.2.weight' ? [2, 1, 3, 3] : shape]);
  await refused('WEIGHTS_UNSUPPORTED', () => loadFeatures(gpu, featureFile(uneven)), '2 channels after 1');
  const broken = fileOf(
    alexnet.map(([name, shape]) => ({ name, shape, read: async () => new Float32Array(elementCount(shape)).fill(NaN) })),
  );
  await refused('WEIGHTS_CORRUPT', () => loadFeatures(gpu, broken), 'NaN');

  const distance = (network: NamedShapes, layers: NamedShapes) => () =>
    loadPerceptualDistance(gpu, featureFile(network), featureFile(layers));
  const inception = shapesOf(gpu, new InceptionV3({ width: 1 / 32 }));
  await refused('WEIGHTS_UNSUPPORTED', distance(inception, layerShapes([2])), 'no AlexNet or VGG16', 'those of Inception-v3');
  await refused('WEIGHTS_UNSUPPORTED', distance(alexnet, alexnet), 'no weights of the layers', 'lin0.model.1.weight');
  await refused('WEIGHTS_MISMATCH', distance(alexnet, layerShapes([1, 1, 1, 1, 1])), 'another network', '2, 2, 2, 2, 2', '1, 1, 1, 1, 1');
  await refused('WEIGHTS_MISMATCH', distance(alexnet, layerShapes([2, 2])), '5 tensors', '2 of them');
});

test('pictures too small, of other channels or of unequal shapes, and impossible options are refused', async () => {
  const channels = [1, 1, 1, 1, 1];
  const { distance } = await loadPerceptualDistance(
    gpu,
    featureFile(shapesOf(gpu, new AlexNet({ channels }))),
    featureFile(layerShapes(channels)),
  );
  for (const shape of [
    [1, 30, 31, 3],
    [1, 31, 31, 1],
  ]) {
    const x = zeros(gpu, shape);
    await failure('SHAPE_MISMATCH', () => distance.forward(x, x), '31 x 31', 'fix: ');
    x.dispose();
  }
  const [x, y] = [zeros(gpu, [1, 31, 31, 3]), zeros(gpu, [1, 32, 31, 3])];
  await failure('SHAPE_MISMATCH', () => distance.forward(x, y), 'second pictures');
  const least = gpu.scope(() => noGrad(() => distance.forward(x, x)));
  assert.equal([...(await least.data())], [0]);
  for (const part of [distance, x, y, least]) part.dispose();
  for (const options of [{ channels: [1, 2] }, { channels: 3 }, { channels: [1, 1, 0, 1, 1] }, { width: 2 }])
    await failure('INVALID_ARGUMENT', () => new AlexNet(options as never), 'AlexNet');
  for (const options of [{ pools: 'tensorflow' }, { width: 0 }, { channels: 3 }])
    await failure('INVALID_ARGUMENT', () => new InceptionV3(options as never), 'InceptionV3');
  await failure('INVALID_ARGUMENT', () => new VGG16({ channels: [] }), 'VGG16');
});

test.run();
