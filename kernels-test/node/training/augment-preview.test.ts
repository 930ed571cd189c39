// not in browsers: it writes a file; first driver only: sheets of images, which no adapter changes
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { crop, type RgbImage } from '../../../src/data/image.js';
import { decodeImage } from '../../../src/node/images/read.js';
import { parseFlags } from '../../../src/node/terminal/flags.js';
import { writeAugmentPreview } from '../../../src/node/training/augment-preview.js';
import { SYNTHETIC } from '../../../src/node/training/data.js';
import { checkTogether, inFlags, trainProgram, type TrainFlags } from '../../../src/node/training/flags.js';
import { newSettings } from '../../../src/training/run/settings.js';
import { findScheme } from '../../../src/schemes/registry.js';
import type { ShadegradError } from '../../../src/errors.js';
import { completeCodings } from '../../../src/data/codings/options.js';
import { augmentationsOf } from '../../../src/training/augmentations/registry.js';
import { testGpu } from '../../harness/gpu.js';
import { temporaryFolder } from '../../harness/program.js';

const gpu = await testGpu();
const folder = temporaryFolder('preview');
test.after(() => rmSync(folder, { recursive: true, force: true }));

const GAP = 4;

async function sheet(name: string, words: string): Promise<{ image: RgbImage; said: string }> {
  const scheme = findScheme(name)!;
  const { values, given } = parseFlags(trainProgram(scheme), `--preset full ${words}`.split(' '));
  const flags = values as unknown as TrainFlags;
  const [settings] = newSettings(scheme, flags, given, true);
  const path = join(folder, 'sheet.png');
  let said = '';
  const say = (line: string): void => void (said = line);
  const samples = flags['preview-augment']!;
  await writeAugmentPreview({ gpu, scheme, sources: [SYNTHETIC], settings: settings!, networks: undefined, samples, path, say });
  assert.equal(readdirSync(folder), ['sheet.png']);
  return { image: await decodeImage(readFileSync(path)), said };
}

test('a row for each sample: the pair as it is, and as four epochs see it; both halves turned alike', async () => {
  const { image, said } = await sheet('pix2pix', '--size 32 --no-jitter --rotate 90 --jitter-on target --color-jitter 1 --preview-augment');
  assert.equal([image.width, image.height], [5 * (64 + GAP) + GAP, 4 * (32 + GAP) + GAP]);
  assert.match(said, '4 samples (source, target)');
  assert.match(said, /4 epochs see them: rotation, colour jitter\. Nothing was trained/);
  const cells = Array.from({ length: 5 }, (_, column) => [...crop(image, GAP + column * (64 + GAP), GAP, 64, 32).data].join());
  assert.is(new Set(cells).size, 5, 'no two are alike');
});

for (const [name, words, width, height] of [
  ['cyclegan', '--size 32 --blocks 1', 2 * 32, 32],
  ['gan', '--units 8', 28, 28],
] as const)
  test(`${name} has them, too`, async () => {
    const { image } = await sheet(name, `${words} --quarter-turns --flip-vertical --color-jitter 1 --preview-augment 2`);
    assert.equal([image.width, image.height], [5 * (width + GAP) + GAP, 2 * (height + GAP) + GAP]);
  });

test('an option whose name is a word is named as a flag where it is one', () => {
  const scheme = findScheme('pix2pix')!;
  const told = (option: () => unknown): string => {
    try {
      option();
    } catch (error) {
      return (inFlags(error, scheme) as ShadegradError).message;
    }
    return assert.unreachable() as never;
  };
  const nearest = told(() => augmentationsOf({ rotateNearest: 'input' }));
  assert.match(nearest, /--rotate-nearest[^]*--rotate with it[^]*add --rotate, or leave --rotate-nearest out/);
  const hot = told(() => completeCodings({ oneHot: 6, inChannels: 5 }));
  assert.match(hot, /Bad value for --one-hot\n {2}expected: 5, .*--in-channels, or of the networks that it begins with\n {2}received: 6/);
});

test('it is for new runs', () => {
  const scheme = findScheme('pix2pix')!;
  const { values, given } = parseFlags(trainProgram(scheme), ['--preview-augment', '--resume']);
  assert.is((values as unknown as TrainFlags)['preview-augment'], 4);
  assert.throws(
    () => checkTogether(values as unknown as TrainFlags, given, scheme),
    (error: ShadegradError) => error.code === 'BAD_FLAG' && /--preview-augment/.test(error.message),
  );
});

test.run();
