import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sortEntries, type FolderEntry } from '../../src/training/files/folder-content.js';
import { listSet } from '../../src/training/files/image-sets.js';
import type { ImageTree } from '../../src/training/files/image-tree.js';

/** More than a call takes arguments, as the faces of CelebA in one folder are. */
const MANY = 202_599;

const entries = function* (ending: string): Iterable<FolderEntry> {
  for (let at = 1; at <= MANY; at++) yield { name: `${String(at).padStart(6, '0')}.${ending}`, kind: 'file' };
};
const unread = async (): Promise<undefined> => undefined;

test('a folder within a set may hold as many images as there are', async () => {
  const faces = await sortEntries(entries('jpg'), unread);
  const tree = {
    scan: async (folder: string) => (folder === 'set' ? { images: [], folders: ['faces'], others: '' } : faces),
    join: (folder: string, name: string) => `${folder}/${name}`,
  } as unknown as ImageTree;
  const { names } = await listSet(tree, 'set');
  assert.equal([names.length, names[0], names.at(-1)], [MANY, 'faces/000001.jpg', `faces/${MANY}.jpg`]);
});

test('arrays are as many images', async () => {
  assert.is((await sortEntries(entries('npy'), unread)).images.length, MANY);
});

test.run();
