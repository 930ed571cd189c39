// first driver only: models/feature-networks.test.ts runs these networks on all. FID, KID and LPIPS as `shadegrad evaluate` measures them.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createImage, type RgbImage } from '../../src/data/image.js';
import { AlexNet } from '../../src/models/features/alexnet.js';
import { InceptionV3 } from '../../src/models/features/inception.js';
import { evaluatePictures } from '../../src/training/evaluation/evaluate.js';
import { InceptionImages, inceptionInput } from '../../src/training/evaluation/inception-images.js';
import type { EvaluatedSample } from '../../src/training/evaluation/metric.js';
import golden from '../goldens/feature_metrics.json';
import { values } from '../harness/deterministic.js';
import { failure } from '../harness/devices.js';
import { featureFile, layerShapes, shapesOf, type NamedShapes } from '../harness/feature-files.js';
import { assertClose, assertMatchesSummary, type ArraySummary } from '../harness/golden.js';
import { testGpu } from '../harness/gpu.js';

const gpu = await testGpu();
const INCEPTION = shapesOf(gpu, new InceptionV3({ width: golden.width }));
const weights = {
  inception: featureFile(INCEPTION),
  'lpips-network': featureFile(shapesOf(gpu, new AlexNet({ channels: golden.channels }))),
  'lpips-weights': featureFile(layerShapes(golden.channels)),
};

function picture(name: string, [height, width]: readonly number[]): RgbImage {
  const data = Uint8Array.from(values(name, height! * width! * 3), (value) => Math.floor((value + 1) * 128));
  return { ...createImage(width!, height!), data };
}
/** Its upper left corner, of one size for all. */
const small = ({ data, width }: RgbImage): RgbImage => ({
  ...createImage(8, 8),
  data: Uint8Array.from({ length: 8 * 8 * 3 }, (_, at) => data[Math.floor(at / 24) * width * 3 + (at % 24)]!),
});
const samples: EvaluatedSample[] = golden.sizes.map((size, at) => ({
  name: String(at),
  made: picture(`made ${at}`, size),
  real: picture(`real ${at}`, size),
}));

test('pictures of any size come to Inception-v3 as interpolate() of PyTorch brings them there', () => {
  for (const [at, { made }] of samples.entries()) {
    assertMatchesSummary(inceptionInput(made!), golden.inputs[at] as unknown as ArraySummary, { relative: 1e-6 });
  }
});

test('FID, KID and LPIPS are those of PyTorch and NumPy, and a network runs once for all that ask', async () => {
  let runs = 0;
  const forward = InceptionV3.prototype.forward;
  InceptionV3.prototype.forward = function (this: InceptionV3, ...args) {
    runs++;
    return forward.apply(this, args);
  };
  const evaluation = await evaluatePictures(samples, { metrics: ['fid', 'kid', 'lpips'], gpu, weights }).finally(() => {
    InceptionV3.prototype.forward = forward;
  });
  const of = Object.fromEntries(evaluation.columns.map((column) => [column.name, column]));
  assert.is(runs, 1, 'one batch of eight pictures');
  assertClose([of.fid!.value], [golden.fid], { relative: 1e-4, label: 'FID' });
  assertClose([of.kid!.value], [golden.kid], { relative: 1e-3, label: 'KID' });
  assertClose(
    evaluation.pictures.map((each) => each.values.lpips!),
    golden.lpips,
    { relative: 1e-4, label: 'LPIPS' },
  );
  assert.is(of.fid!.samples, undefined, 'single pictures have no FID');
  assert.equal(evaluation.remarks.length, 1);
  assert.match(evaluation.remarks[0]!, /^FID is too large for so few pictures \(4 for 128 features\)/);
  // What was shared is given back: the next one is another.
  const [first, second] = [await InceptionImages.open(gpu, weights.inception), await InceptionImages.open(gpu, weights.inception)];
  assert.is(first, second);
  first.close();
  second.close();
  const third = await InceptionImages.open(gpu, weights.inception);
  assert.not(third === first);
  third.close();
});

test('a program that puts each picture into the same object is measured as one that makes new ones', async () => {
  const how = { metrics: ['kid'], gpu, weights };
  const same = samples.map(({ name, made, real }): EvaluatedSample => ({ name, made: small(made!), real: small(real!) }));
  const { columns: wanted } = await evaluatePictures(same, how);
  const [made, real] = [small(samples[0]!.made!), small(samples[0]!.real!)];
  function* reusing(): Generator<EvaluatedSample> {
    for (const each of same) {
      made.data.set(each.made!.data);
      real.data.set(each.real!.data);
      yield { name: each.name, made, real };
    }
  }
  const { columns } = await evaluatePictures(reusing(), how);
  assert.is(columns[0]!.value, wanted[0]!.value);
});

test('sets of other sizes, a constant answer, and equal sets', async () => {
  const inception = featureFile([...INCEPTION, ['fc.weight', [1000, 128]]] as NamedShapes);
  const equal = samples.slice(0, 3).map(({ name, real }): EvaluatedSample => ({ name, made: real!, real: real! }));
  const more: EvaluatedSample = { name: 'more', real: samples[3]!.real! };
  const how = { metrics: ['fid', 'kid'], gpu, weights: { inception } };
  const { columns, constant, remarks } = await evaluatePictures(equal, { ...how, constant: samples[0]!.made });
  assertClose([columns[0]!.value], [0], { absolute: 1e-12, label: 'FID of a set from itself' });
  assert.ok(columns[1]!.value < 0, 'KID leaves out each picture with itself');
  assert.ok(constant![0]!.value > 0 && constant![1]!.value > 0, 'of one picture over and over');
  assert.match(remarks.join(), /FID is by the network of torchvision/);
  const sets = await evaluatePictures([...equal, more], { ...how, pairs: false });
  assert.equal(sets.counts, { made: 3, real: 4 });
  assert.ok(sets.columns[0]!.value > 0);
});

test('one picture has no FID, a file of another network and a picture too small are refused', async () => {
  const one = await evaluatePictures(samples.slice(0, 1), { metrics: ['fid'], gpu, weights });
  assert.ok(Number.isNaN(one.columns[0]!.value));
  assert.match(one.remarks[0]!, /at least two made pictures and two real ones: it has 1 and 1/);
  const evaluate =
    (metrics: string[], files: object, some = samples) =>
    () =>
      evaluatePictures(some, { metrics, gpu, weights: { ...weights, ...files } });
  await failure('WEIGHTS_UNSUPPORTED', evaluate(['fid'], { inception: weights['lpips-network'] }), 'no Inception-v3', 'those of AlexNet');
  await failure('WEIGHTS_UNSUPPORTED', evaluate(['lpips'], { 'lpips-network': weights.inception }), 'those of Inception-v3');
  const small = { name: 'small', made: picture('small', [30, 40]), real: picture('small', [30, 40]) };
  await failure('IMAGE_SIZE', evaluate(['lpips'], {}, [small]), 'at least 31 pixels');
  const half = INCEPTION.filter(([name]) => name !== 'Mixed_7c.branch1x1.bn.bias');
  // After an error the file may be opened again.
  await failure('WEIGHTS_MISMATCH', evaluate(['fid'], { inception: featureFile(half) }), 'missing');
});

test.run();
