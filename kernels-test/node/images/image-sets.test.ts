// not in browsers: it reads files. What folders lack that are to hold two sets of images.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'uvu';
import { encodePng } from '../../../src/node/images/read.js';
import { openUnpairedData } from '../../../src/node/training/set-data.js';
import { failure } from '../../harness/devices.js';
import { temporaryFolder } from '../../harness/program.js';

const folder = temporaryFolder('image-sets');
test.after(() => rmSync(folder, { recursive: true, force: true }));

let made = 0;
/** Refuses a folder of such files, without a word of pairs in the mend. */
async function refuses(files: readonly string[], within: string, code: string, ...words: RegExp[]): Promise<void> {
  const directory = join(folder, String(made++));
  const png = await encodePng({ width: 4, height: 4, data: new Uint8Array(48) });
  for (const file of files) {
    mkdirSync(dirname(join(directory, file)), { recursive: true });
    writeFileSync(join(directory, file), png);
  }
  const plan = { loadSize: 4, seed: 1 } as Parameters<typeof openUnpairedData>[1];
  const open = () => openUnpairedData(join(directory, within), plan, () => {});
  await failure(
    code as 'DATA_EMPTY',
    open,
    /no two sets/,
    /under any names: trainA\/ and trainB\//,
    /^(?![^]*(?:pair|same name))/,
    ...words,
  );
}

test('a set that is missing is named, and its images may have any names', async () => {
  await refuses(['trainA/1.png'], '', 'DATA_NOT_FOUND', /there is trainA\/ and no trainB\/: put the images of the other set into trainB/);
  await refuses(['train/A/1.png'], '', 'DATA_UNREADABLE', /there is train\/A\/ and no train\/B\/: put .* into train\/B\//);
  await refuses(['B/1.png'], '', 'DATA_NOT_FOUND', /there is B\/ and no A\//);
});

test('plain images, folders of classes and the folder of a split are told what two sets are', async () => {
  await refuses(['1.png', '2.png'], '', 'DATA_NOT_FOUND', /put the images of one set into a folder trainA/);
  await refuses(['train/cat/1.png', 'train/dog/1.png'], '', 'DATA_UNREADABLE', /a folder trainA/);
  await refuses(['train/1.png'], 'train', 'DATA_NOT_FOUND', /name the folder above/);
});

test.run();
