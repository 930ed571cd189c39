import { ShadegradError } from '../../errors.js';
import { imageFormat, SIGNATURE_BYTES } from '../../formats/image-format.js';
import { printableName } from '../../formats/names.js';
import { Sha256 } from '../../formats/sha256.js';
import { sortEntries, type FolderEntry } from '../../training/files/folder-content.js';
import type { ImageTree } from '../../training/files/image-tree.js';
import { imagesOf } from '../../training/files/picture.js';
import { decodePicture, pictureSides } from './decode.js';

/** Files by their paths, with `/` between the names: a data set that a person chose, or one that is kept in the browser. */
export type FilesByPath = ReadonlyMap<string, () => Promise<Blob>>;

/** Folders of images among files, of which `root` is the name of the whole. */
export function treeOf(root: string, files: FilesByPath): ImageTree {
  const below = (folder: string): string => (folder === root ? '' : `${folder.slice(root.length + 1)}/`);
  const fileAt = async (path: string): Promise<Blob> => {
    const open = files.get(path.slice(root.length + 1));
    if (!open) throw new ShadegradError('DATA_NOT_FOUND', `There is no file ${printableName(path)}`, { fix: 'add it to the data set' });
    try {
      return await open();
    } catch (cause) {
      throw new ShadegradError('DATA_UNREADABLE', `Could not read ${printableName(path)}`, {
        received: String(cause),
        fix: 'choose the data set again: it may have been changed, moved or deleted since',
        cause,
      });
    }
  };
  const read = async (blob: Blob): Promise<Uint8Array> => new Uint8Array(await blob.arrayBuffer());
  return {
    async scan(folder) {
      const start = below(folder);
      const entries = new Map<string, FolderEntry>();
      for (const path of files.keys()) {
        if (!path.startsWith(start)) continue;
        const [name, ...deeper] = path.slice(start.length).split('/');
        entries.set(name!, { name: name!, kind: deeper.length > 0 ? 'folder' : 'file' });
      }
      if (entries.size === 0 && folder !== root)
        throw new ShadegradError('DATA_NOT_FOUND', `There is no folder ${printableName(folder)}`, { fix: 'check the data set' });
      return sortEntries(entries.values(), async (name) => {
        const file = await fileAt(`${folder}/${name}`);
        return imageFormat(await read(file.slice(0, SIGNATURE_BYTES)));
      });
    },
    join: (folder, name) => `${folder}/${name}`,
    nameOf: (folder) => folder.slice(folder.lastIndexOf('/') + 1),
    above: (folder) => folder.slice(0, Math.max(folder.lastIndexOf('/'), 0)),
    bytes: async (path) => read(await fileAt(path)),
    size: async (path) => (await fileAt(path).catch(() => null))?.size ?? -1,
    async hasPalette(path) {
      const head = await read((await fileAt(path)).slice(0, 54));
      const format = imageFormat(head);
      // In a PNG the type of its colours; in a BMP the bits of a pixel.
      return format === 'GIF' || (format === 'PNG' && head[25] === 3) || (format === 'BMP' && head.length >= 30 && head[28]! <= 8);
    },
    sides: async (path) => pictureSides(await fileAt(path), path),
    decode: decodePicture,
    decodeValues: async (_bytes, name) => {
      throw new ShadegradError(
        'IMAGE_UNSUPPORTED',
        `${printableName(name)} is to be read as numbers or as classes, which browsers do not`,
        {
          expected: 'pictures of eight-bit colours',
          fix: 'leave the options of channels and classes out, or train in Node, which reads such files',
        },
      );
    },
    finish: async (picture) => imagesOf(picture),
    hash: () => new Sha256(),
  };
}
