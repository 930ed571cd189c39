import { totalmem } from 'node:os';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { expectMemory, offeredBytes } from '../../../src/node/training/memory.js';
import { pix2pix } from '../../../src/schemes/pix2pix.js';
import type { TrainingScheme } from '../../../src/training/scheme.js';
import { failure } from '../../harness/devices.js';

const GiB = 2 ** 30;
const estimate = { networks: GiB, results: 2 * GiB, images: GiB / 2, evaluator: GiB / 4, total: 3.75 * GiB };
const translation = pix2pix as unknown as TrainingScheme;

test('a run says what it needs, part by part, and nothing of the memory of a GPU, which nobody knows', () => {
  const { line, imagesFit } = expectMemory(translation, { batch: 1 }, estimate, { bytes: Infinity, recompute: false });
  assert.is(
    line,
    'needs 3.8 GiB of GPU memory: networks and optimisers 1.0 GiB, results of a step 2.0 GiB, images 512 MiB, validation 256 MiB',
  );
  assert.ok(imagesFit);
  const software = expectMemory(translation, { batch: 1 }, estimate, { bytes: 4 * GiB, recompute: false });
  assert.match(software.line, /; a software adapter has the machine's 4\.0 GiB$/);
  assert.ok(software.imagesFit);
});

test('where all but the images fits, they travel anew for each step', () => {
  assert.not(expectMemory(translation, { batch: 1 }, estimate, { bytes: 3.5 * GiB, recompute: false }).imagesFit);
});

test('a run that does not fit is refused with numbers and with mends that there are', async () => {
  const refused = (scheme: TrainingScheme, batch: number, recompute: boolean): Promise<{ fix?: string | undefined }> =>
    failure(
      'OUT_OF_MEMORY',
      () => expectMemory(scheme, { batch }, estimate, { bytes: 3 * GiB, recompute }),
      /at most 3\.0 GiB/,
      /needs 3\.8 GiB/,
      /results of a step 2\.0 GiB/,
    );
  const { fix } = await refused(translation, 2, false);
  const parts = '--accumulate 2, which runs a batch in parts';
  assert.is(fix, `add --recompute; or ${parts}; or choose a smaller --batch, --size, --ngf; or train on a machine with more memory`);
  assert.is((await refused(translation, 1, true)).fix, 'choose a smaller --size, --ngf; or train on a machine with more memory');
  assert.is((await refused({ ...translation, options: {} }, 1, true)).fix, 'train on a machine with more memory');
});

test('a software adapter offers what the machine has', () => {
  assert.is(offeredBytes('hardware'), Infinity);
  assert.ok(offeredBytes('lavapipe') > 0 && offeredBytes('lavapipe') <= totalmem());
});

test.run();
