import { ShadegradError } from '../errors.js';
import type { ByteSource } from '../formats/byte-source.js';
import type { WeightFile } from '../formats/weight-file.js';
import { formatByName, openWeightSource } from '../exchange/open-weights.js';
import { isZip } from '../formats/zip-read.js';
import { blobSource } from './blob-source.js';
import { filesInZip } from './files/zip.js';

/**
 * Opens the weights of a network among files that the user chose, of any readable format: one file, or one with those that it names
 * beside it, as a TensorFlow.js model.json has; or a zip of these. Tensors are read when they are asked for.
 *
 * @throws DATA_NOT_FOUND for a file that is named and was not chosen; WEIGHTS_UNSUPPORTED for none or several of weights; WEIGHTS_CORRUPT,
 *   DATA_UNREADABLE
 */
export async function openWeightFiles(given: readonly File[]): Promise<WeightFile> {
  const files = await unpacked(given);
  // The files that others name are told by those: a shard of an index, the bytes of a manifest.
  const formats = files.map((file) => ({ file, format: formatByName(file.name) }));
  const lead = formats.filter(({ format }) => format === 'index' || format === 'tfjs');
  const chosen = lead.length > 0 ? lead : formats.length === 1 ? formats : formats.filter(({ format }) => format !== undefined);
  if (chosen.length !== 1) {
    throw new ShadegradError('WEIGHTS_UNSUPPORTED', 'files of weights to open', {
      expected: 'one .safetensors, .pth or .pict, or a TensorFlow.js model.json with its .bin files',
      received:
        files.length === 0
          ? 'no file'
          : files
              .map(({ name }) => name)
              .join(', ')
              .slice(0, 200),
      fix: 'choose the files of one network',
    });
  }
  const { file } = chosen[0]!;
  const named = async (path: string): Promise<ByteSource> => {
    const name = path.split('/').at(-1)!;
    const other = files.find((candidate) => candidate.name === name);
    if (other) return blobSource(other);
    throw new ShadegradError('DATA_NOT_FOUND', `a file that ${file.name} names was not chosen`, {
      expected: name,
      received: files
        .map((each) => each.name)
        .join(', ')
        .slice(0, 200),
      fix: 'choose all files of the model together',
    });
  };
  return openWeightSource(blobSource(file), file.name, { shard: named, manifest: named });
}

/** The files themselves, or those of weights in a zip that was chosen alone. What PyTorch writes is a zip, too, and none of these. */
async function unpacked(files: readonly File[]): Promise<readonly File[]> {
  const [only] = files;
  if (files.length !== 1 || !only || !/\.zip$/i.test(only.name)) return files;
  if (!isZip(new Uint8Array(await only.slice(0, 4).arrayBuffer()))) return files;
  const inside = (await filesInZip(blobSource(only))).filter(({ path }) => !/(?:^|\/)(?:\.|__MACOSX\/)/.test(path));
  const named = inside.map((file) => ({ ...file, name: file.path.split('/').at(-1)! }));
  if (!named.some(({ name }) => formatByName(name) !== undefined)) return files;
  const wanted = named.filter(({ name }) => formatByName(name) !== undefined || name.endsWith('.bin'));
  return Promise.all(wanted.map(async ({ name, read }) => new File([(await read()) as Uint8Array<ArrayBuffer>], name)));
}
