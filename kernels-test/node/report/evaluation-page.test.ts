// not in browsers: it is Node's. The page of shadegrad evaluate: what stands out, and texts that would be markup.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { RgbImage } from '../../../src/data/image.js';
import { numbersOf, tableOf } from '../../../src/node/programs/evaluate/results.js';
import { StandOuts } from '../../../src/node/programs/evaluate/stand-outs.js';
import { renderEvaluationPage } from '../../../src/node/report/evaluation-page.js';
import { evaluatePictures } from '../../../src/training/evaluation/evaluate.js';
import type { EvaluatedSample } from '../../../src/training/evaluation/metric.js';
import { EVALUATION_METRICS } from '../../../src/training/evaluation/registry.js';

const flat = (value: number, width = 12, height = 6): RgbImage => ({ width, height, data: new Uint8Array(width * height * 3).fill(value) });
const HOSTILE = '</td><script>alert(1)</script>,"x"';

/** The made pictures differ from the real ones by so many levels. */
async function evaluated(differences: readonly number[], more: Partial<EvaluatedSample> = {}) {
  const standOuts = new StandOuts(EVALUATION_METRICS);
  const samples = differences.map((each, at) => ({ name: `p${at}`, made: flat(100 + each), real: flat(100), given: flat(7), ...more }));
  const onSample = (sample: EvaluatedSample, values: Readonly<Record<string, number>>): void => standOuts.add(sample, values);
  return { standOuts, evaluation: await evaluatePictures(samples, { metrics: ['l1', 'psnr'], constant: flat(120), onSample }) };
}
const render = ({ standOuts, evaluation }: Awaited<ReturnType<typeof evaluated>>): string =>
  renderEvaluationPage({
    ...{ title: 'A run', lead: 'Of it.', evaluation, version: '1' },
    ...{ columns: standOuts.columns({ given: 'Input', made: 'Output', real: 'Target' }), standOuts: standOuts.list() },
  });

test('the two best and the two worst are kept, the worst first, and of each value one is marked', async () => {
  const { standOuts } = await evaluated([5, 9, 1, 7, 3, 2, 8]);
  const list = standOuts.list();
  assert.equal(
    list.map(({ name, best, worst }) => [name, best, worst]),
    [
      ['p1', [], ['l1', 'psnr']],
      ['p6', [], []],
      ['p5', [], []],
      ['p2', ['l1', 'psnr'], []],
    ],
  );
  assert.equal(
    list[0]!.pictures.map((image) => image?.data[0]),
    [7, 109, 100],
  );
  const alike = (await evaluated([4, 4, 4])).standOuts.list();
  assert.ok(alike.every(({ best, worst }) => best.length + worst.length === 0));
});

test('large pictures are kept small, and further outputs have columns', async () => {
  const standOuts = new StandOuts(EVALUATION_METRICS);
  const outputs = [1, 2, 3, 4, 5, 6].map((each) => flat(each, 1000, 500));
  standOuts.add({ name: 'a', made: outputs[0]!, real: flat(0, 1000, 500), outputs }, { l1: 1 });
  assert.equal(standOuts.columns({ made: 'Output', real: 'Target' }), ['Output', 'Target', 'Output 2', 'Output 3', 'Output 4']);
  assert.equal(
    standOuts.list()[0]!.pictures.map((image) => [image!.width, image!.height, image!.data[0]]),
    [1, 0, 2, 3, 4].map((value) => [256, 128, value]),
  );
});

test('the page has every value, the mean photo, and no markup out of names', async () => {
  const found = await evaluated([5, 0, 2], { name: HOSTILE });
  const page = render(found);
  assert.not.match(page, '<script>alert');
  assert.match(page, '&lt;/td&gt;&lt;script&gt;alert');
  for (const words of [
    'L1, lower is better',
    'mean photo',
    '∞',
    '>Input<',
    '>Target<',
    'worst PSNR',
    'best L1',
    '3 pictures against 3 real ones',
  ]) {
    assert.ok(page.includes(words), words);
  }
  assert.is(page.match(/<img /g)!.length, 9);
  assert.is(page.match(/https?:/g), null, 'nothing is fetched');
});

test('numbers for programs: JSON has no infinity, CSV quotes names', async () => {
  const { evaluation } = await evaluated([5, 0], { name: HOSTILE });
  const numbers = JSON.parse(numbersOf({ evaluation, source: { run: 'r' } })) as {
    values: Record<string, { value: number | null; better: string }>;
    'mean photo': Record<string, number>;
  };
  assert.equal([numbers.values.psnr!.value, numbers.values.l1!.better], [null, 'lower']);
  assert.is(numbers['mean photo'].l1, 20 / 127.5);
  const [, first, second] = tableOf(evaluation).split('\r\n');
  assert.is(first, `"</td><script>alert(1)</script>,""x""",${5 / 127.5},${20 * Math.log10(51)}`);
  assert.match(second!, /,0,Infinity$/);
});

test.run();
