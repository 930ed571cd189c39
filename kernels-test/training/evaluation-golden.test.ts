// The metrics of evaluate against scikit-image and NumPy (scripts/goldens/evaluation.py).
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { RgbImage } from '../../src/data/image.js';
import { evaluatePictures } from '../../src/training/evaluation/evaluate.js';
import { imageDiversity, imageMsSsim } from '../../src/training/metrics.js';
import { imageEdgeAgreement } from '../../src/training/edge-agreement.js';
import { failure } from '../harness/devices.js';
import golden from '../goldens/evaluation.json';

const close = (got: number, wanted: number, tolerance: number) =>
  assert.ok(Math.abs(got - wanted) <= tolerance * Math.max(1, Math.abs(wanted)), `${got} instead of ${wanted}`);

/** As picture() of the script has it. */
function picture(width: number, height: number, kind: number): RgbImage {
  const data = new Uint8Array(width * height * 3);
  for (let at = 0; at < data.length; at++) {
    const [c, x, y] = [at % 3, Math.floor(at / 3) % width, Math.floor(at / 3 / width)];
    const real = (3 * x + 5 * y + 40 * c + Math.floor((x * x + 2 * y * y) / 32)) % 256;
    const noise = ((7 * x + 13 * y + 5 * c + Math.floor((x * y) / 7)) % (12 * kind + 1)) - 6 * kind;
    data[at] = Math.min(255, Math.max(0, real + noise + 9 * kind * (c - 1)));
  }
  return { width, height, data };
}
const CASES = golden.cases.map(({ width, height, kind }) => ({
  name: `${width} x ${height}`,
  made: picture(width, height, kind),
  real: picture(width, height, 0),
}));
const NAMES = ['l1', 'l2', 'psnr', 'ssim', 'ms-ssim'] as const;

test('differences, SSIM and MS-SSIM of every picture, and the histograms of all, agree with scikit-image', async () => {
  const { columns, pictures } = await evaluatePictures(CASES, { metrics: [...NAMES, 'lab'] });
  for (const [at, wanted] of golden.cases.entries()) {
    const { made, real } = CASES[at]!;
    assert.is(
      [...made.data, ...real.data].reduce((sum, each) => sum + each, 0),
      wanted.sum,
      'the pictures are those of the script',
    );
    for (const name of NAMES) close(pictures[at]!.values[name]!, wanted[name], 1e-9);
  }
  for (const [name, wanted] of Object.entries(golden.lab)) close(columns.find((column) => column.name === name)!.value, wanted, 1e-9);
});

test('MS-SSIM: equal, opposite and small pictures', async () => {
  const { made, real } = CASES[0]!;
  close(imageMsSsim(real, real), 1, 1e-12);
  assert.is(imageMsSsim(made, real), imageMsSsim(real, made));
  const checks = { ...real, data: real.data.map((_, at) => ((Math.floor(at / 3) + Math.floor(at / 3 / 161)) % 2) * 255) };
  assert.is(imageMsSsim(checks, { ...checks, data: checks.data.map((value) => 255 - value) }), 0, 'never below, and never NaN');
  await failure('IMAGE_SIZE', () => imageMsSsim(picture(160, 200, 0), picture(160, 200, 1)), /at least 161 pixels/, /160 x 200/);
});

test('pictures too small for five scales are measured by the rest', async () => {
  const [made, real] = [picture(40, 30, 4), picture(40, 30, 0)];
  const { columns, leftOut } = await evaluatePictures([{ name: 'small', made, real }]);
  assert.equal(
    leftOut.filter(({ why }) => !why.includes('--')).map(({ name }) => name),
    ['ms-ssim'],
    'the rest lacks something that would have to be named',
  );
  const together = (name: string): number => columns.find((column) => column.name === name)!.value;
  const { precision, recall, f1 } = imageEdgeAgreement(made, real, 1);
  assert.equal([together('edge-precision'), together('edge-recall'), together('edge-f1')], [precision, recall, f1]);
  const strict = await evaluatePictures([{ name: 'small', made, real }], { metrics: ['edges'], options: { edgeTolerance: 0 } });
  assert.equal(strict.columns[2]!.value, imageEdgeAgreement(made, real, 0).f1);
  assert.ok(strict.columns[2]!.value < f1);
});

test('diversity is that of the pictures of one input, and the mean over inputs', async () => {
  const outputs = [1, 2, 3].map((kind) => picture(20, 10, kind));
  const same = [outputs[0]!, outputs[0]!];
  const real = picture(20, 10, 0);
  const samples = [outputs, same].map((each, at) => ({ name: `${at}`, made: each[0]!, real, outputs: each }));
  const { columns } = await evaluatePictures(samples, { metrics: ['diversity'] });
  const { l1, deviation } = imageDiversity(outputs);
  close(columns[0]!.value, l1 / 2, 1e-12);
  close(columns[1]!.value, deviation / 2, 1e-12);
});

test('Lab histograms of sets: equal sets in any order, and colours that do not meet', async () => {
  const flat = (r: number, g: number, b: number, side: number): RgbImage => ({
    width: side,
    height: side,
    data: Uint8Array.from({ length: side * side * 3 }, (_, at) => [r, g, b][at % 3]!),
  });
  const [red, white, grey] = [flat(255, 0, 0, 4), flat(255, 255, 255, 4), flat(128, 128, 128, 4)];
  const of = async (made: RgbImage[], real: RgbImage[]): Promise<number[]> => {
    const samples = Array.from({ length: Math.max(made.length, real.length) }, (_, at) => ({
      name: `${at}`,
      ...(made[at] && { made: made[at] }),
      ...(real[at] && { real: real[at] }),
    }));
    return (await evaluatePictures(samples, { metrics: ['lab'], pairs: false })).columns.map(({ value }) => value);
  };
  assert.equal(await of([red, white, grey], [grey, red, white]), [1, 1, 1]);
  assert.equal(await of([white], [grey]), [0, 1, 1], 'of two greys lightness differs alone');
  const [l, a, b] = await of([red, white], [red, white, white, white]);
  for (const value of [l!, a!, b!]) close(value, 0.75, 1e-12);
});

test.run();
