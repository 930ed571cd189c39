// first driver only: it trains in a browser, on the browser's own adapter
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SCHEMES } from '../../src/schemes/registry.js';
import { fullOptions } from '../../src/training/trainer-options.js';
import { begin, eventIn, openTrainPages, type TrainPages, type TrainWindow } from '../harness/train-page.js';

let pages: TrainPages;

test.before(async () => {
  pages = await openTrainPages();
});
test.after(async () => pages?.close());

test('every other scheme trains in a browser, shows what it makes, and goes on', async () => {
  const { page, context } = await pages.open();
  // Values of options that make a scheme small, where it has them.
  const small = { size: 32, loadSize: 32, ngf: 2, ndf: 2, blocks: 1, nz: 3, units: 24, layers: 3, baseChannels: 2, discriminatorLayers: 1 };
  for (const scheme of SCHEMES.filter(({ name }) => name !== 'pix2pix')) {
    const own = Object.fromEntries(Object.entries(small).filter(([name]) => name in fullOptions(scheme)));
    const options = { ...own, batch: 2, steps: 2, maxDatasetSize: 4 };
    const run = await begin(page, { scheme: scheme.name, options });
    await eventIn(page, 'finished');
    const { rows } = (await eventIn(page, 'samples', 'data.step === 2')) as { rows: { pictures: { role: string; data: object }[] }[] };
    assert.ok(
      rows[0]!.pictures.some(({ role }) => role === 'made'),
      `${scheme.name} shows nothing`,
    );
    await begin(page, { run, options: { steps: 3 } });
    assert.is((await eventIn(page, 'opened')).step, 2, scheme.name);
    await eventIn(page, 'finished', 'data.step === 3');
  }
  const kept = await page.evaluate(async () => (globalThis as unknown as TrainWindow).library.listRuns());
  assert.equal(Object.fromEntries(kept.map(({ scheme, generators }) => [scheme, generators])), {
    ...{ cyclegan: ['generatorA', 'generatorB'], stargan: ['generator'], segmentation: ['segmenter'] },
    ...{ dcgan: [], gan: [], cgan: [] },
  });
  await context.close();
});

test.run();
