import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Curves } from '../../examples/app/pages/train/curves.js';
import { dataName, earlierIn, freeName, LENGTHS, optionsOf } from '../../examples/app/pages/train/form.js';

const FORM = { scheme: 'pix2pix', length: '20', more: '' };

test('a length that is typed takes the place of the chosen one, and what says nothing is refused', () => {
  assert.equal(optionsOf(FORM), { preset: 'preview', minutes: 20 });
  const typed = optionsOf({ ...FORM, more: ' steps=30, dropout=true direction=AtoB  learningRate=1e-4' });
  assert.equal(typed, { preset: 'preview', steps: 30, dropout: true, direction: 'AtoB', learningRate: 1e-4 });
  assert.equal(optionsOf({ ...FORM, length: 'full', more: 'ngf=8' }), { preset: 'full', ngf: 8 });
  assert.throws(() => optionsOf({ ...FORM, more: 'size 64' }), '"size" says nothing');
  assert.is(new Set(LENGTHS.map(({ value }) => value)).size, LENGTHS.length);
});

test('a data set is called after its folder or its zip, and never as the drawn pictures are', () => {
  assert.is(dataName(['shoes/train/1.png', 'shoes/train/2.png']), 'shoes');
  assert.is(dataName(['My shoes.zip']), 'My shoes');
  assert.is.not(dataName(['synthetic/1.png', 'synthetic/2.png']), 'synthetic');
  assert.is(dataName(['../x/1.png', '../x/2.png']), 'pictures');
  assert.is(dataName(['A/1.png', 'B/1.png']), 'A and B');
  assert.is(dataName(['1.png', '2.png']), 'pictures');
  assert.is(freeName('shoes', ['shoes', 'shoes 2']), 'shoes 3');
});

test('the checkpoint to go on with is found among the files of a run', () => {
  const files = (...paths: string[]) => paths.map((path) => ({ path }));
  const run = files('run/best.safetensors', 'run/checkpoint.safetensors', 'run/log.jsonl', 'run/samples/step-1.png');
  assert.equal(earlierIn(run), { checkpoint: run[1], log: run[2] });
  const alone = files('pix2pix.safetensors');
  assert.equal(earlierIn(alone), { checkpoint: alone[0], log: undefined });
  assert.is(earlierIn(files('1.png', '2.png')), null);
  assert.throws(() => earlierIn(files('a.safetensors', 'b.safetensors')), 'There are 2 checkpoints');
});

test('curves keep a bounded number of points, begin again where a run does, and know their latest numbers', () => {
  const curves = new Curves(['a', 'b'], 8);
  curves.add(Array.from({ length: 100 }, (_, index) => ({ step: index + 1, values: { a: index, b: NaN } })));
  const [steps, a, b] = curves.table;
  assert.ok(steps.length <= 8 && steps.length >= 4, String(steps.length));
  assert.is(steps[0], 1);
  steps.forEach((step, at) => assert.is(a![at], step - 1));
  assert.ok(b!.every((value) => value === null));
  assert.is(curves.latest('b'), undefined);
  assert.is(curves.latest('a', 1), a!.at(-1));
  const from = steps[2]!;
  curves.add(Array.from({ length: 40 }, (_, index) => ({ step: from + index, values: { a: -1, b: 1 } })));
  const again = curves.table;
  assert.ok(
    again[0].every((step, at) => at === 0 || step > again[0][at - 1]!),
    'steps rise',
  );
  assert.is(curves.latest('a', 1), -1);
  // A metric is told as its last number, where the curve ends; a mean would still have the untrained network's in it.
  const metric = new Curves(['m'], undefined, 1);
  metric.add([1, 2, 6].map((value, step) => ({ step, values: { m: value } })));
  assert.is(metric.latest('m'), 6);
});

test.run();
