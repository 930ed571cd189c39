// not in browsers: it is about programs of Node. What errors and notes of programs say to do can be done there.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { withArticle } from '../../../src/checks.js';
import { ShadegradError } from '../../../src/errors.js';
import { decodeImage, encodePng } from '../../../src/node/images/read.js';
import { inTiles } from '../../../src/node/programs/translate.js';
import { TRANSLATE_PROGRAM } from '../../../src/node/programs/translate-flags.js';
import { inOurWords } from '../../../src/node/terminal/our-words.js';
import { TRAIN_PROGRAM } from '../../../src/node/training/flags.js';

test('a picture that is too large to be translated whole is to be translated in tiles', () => {
  const limit = new ShadegradError('LIMIT_EXCEEDED', 'a tensor', { fix: 'use a smaller size, width or batch' });
  const told = inTiles(limit) as ShadegradError;
  assert.is(told.code, 'LIMIT_EXCEEDED');
  assert.match(told.fix!, /--fit tiles/);
  const other = new ShadegradError('IMAGE_CORRUPT', 'a picture', { fix: 'save it again' });
  assert.is(inTiles(other), other);
});

test('a noun has the article that it is spoken with', () => {
  assert.equal(['encoder-decoder', 'U-Net', 'PatchGAN', 'unit'].map(withArticle), [
    'an encoder-decoder',
    'a U-Net',
    'a PatchGAN',
    'a unit',
  ]);
});

test('of a damaged PNG nothing is said that says nothing, and differs from time to time', async () => {
  const image = { width: 64, height: 64, data: Uint8Array.from({ length: 64 * 64 * 3 }, (_, at) => (at * 2_654_435_761) >>> 24) };
  const error = (await decodeImage(encodePng(image).subarray(0, 400), 'a.png').then(
    () => assert.unreachable(),
    (caught: unknown) => caught,
  )) as ShadegradError;
  assert.is(error.code, 'IMAGE_CORRUPT');
  assert.not.match(error.message, /unknown error|libpng read error/i);
});

test('what is fixed is told without a word that could be typed; notes name flags of the program alone', () => {
  assert.throws(
    () => inOurWords(TRAIN_PROGRAM, ['--pool_size', '3']),
    (error: ShadegradError) => error.expected === '--pool_size 0, or the flag left out',
  );
  assert.match(inOurWords(TRAIN_PROGRAM, ['--display_freq', '9']).notes.join(), /--report-every/);
  const [note] = inOurWords(TRANSLATE_PROGRAM, ['--display_freq', '9']).notes;
  assert.is(note, '--display_freq means nothing here');
});

test.run();
