import { ShadegradError } from '../errors.js';
import type { ByteSource } from './byte-source.js';
import { quoteName } from './names.js';

/** A kind of file that is often found under the name of a file of weights. */
interface Stranger {
  /** With its article, after "this is". */
  readonly what: string;
  readonly fix: string;
  /** A text in the place of a file that was not fetched: the advice is the same whatever the file should have been. */
  readonly isText?: true;
}

/** As much of a file as is looked at. */
export const START_BYTES = 512;
const TAR_MAGIC_AT = 257;
const LFS_POINTER = 'version https://git-lfs.github.com/spec/';
const DOWNLOAD_AGAIN =
  'download the file itself, not the page that shows it (on GitHub "Raw", on Hugging Face "resolve" instead of "blob" in the address)';
const UNPACK = 'unpack it, and name the file of weights in it';

/** First bytes of files of other kinds. */
const MAGICS: readonly (Stranger & { readonly bytes: readonly number[]; readonly at?: number })[] = [
  { bytes: [0x1f, 0x8b], what: 'a gzip archive', fix: UNPACK },
  { bytes: [0x42, 0x5a, 0x68], what: 'a bzip2 archive', fix: UNPACK },
  { bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0], what: 'an xz archive', fix: UNPACK },
  { bytes: [0x28, 0xb5, 0x2f, 0xfd], what: 'a zstd archive', fix: UNPACK },
  { bytes: [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c], what: 'a 7z archive', fix: UNPACK },
  { bytes: [0x52, 0x61, 0x72, 0x21, 0x1a, 7], what: 'a RAR archive', fix: UNPACK },
  {
    bytes: ascii('ustar'),
    at: TAR_MAGIC_AT,
    what: 'a tar archive',
    fix: `${UNPACK}; a file of PyTorch before version 0.2 is one, too: save its tensors again with a later version`,
  },
  { bytes: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a], what: 'a PNG picture', fix: 'choose the file of weights instead' },
  { bytes: [0xff, 0xd8, 0xff], what: 'a JPEG picture', fix: 'choose the file of weights instead' },
  { bytes: ascii('GIF8'), what: 'a GIF picture', fix: 'choose the file of weights instead' },
  { bytes: ascii('WEBP'), at: 8, what: 'a WebP picture', fix: 'choose the file of weights instead' },
  { bytes: ascii('%PDF'), what: 'a PDF document', fix: 'choose the file of weights instead' },
  {
    bytes: [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a],
    what: 'an HDF5 file, such as Keras saves (.h5)',
    fix: 'export the Keras model: tensorflowjs_converter --input_format=keras --output_format=tfjs_layers_model',
  },
  {
    bytes: [0x93, ...ascii('NUMPY')],
    what: "a file of numpy's (.npy)",
    fix: 'in Python, save the network with torch.save(model.state_dict(), ...) or safetensors',
  },
  { bytes: ascii('GGUF'), what: 'a GGUF file of a language model', fix: 'name the weights of a U-Net or PatchGAN' },
];

function ascii(text: string): number[] {
  return [...text].map((character) => character.charCodeAt(0));
}

/**
 * Checks that a file is not one of another kind that is often taken for weights: a Git LFS pointer, a web page or a
 * server's answer that was saved under the file's name, a picture, an archive, any text, an empty file.
 *
 * @throws WEIGHTS_UNSUPPORTED with what it is and how to get the right one; WEIGHTS_CORRUPT for an empty file or one of zeros
 */
export async function refuseStranger(source: ByteSource, { json = false }: { json?: boolean } = {}): Promise<void> {
  const start = new Uint8Array(Math.min(START_BYTES, source.size));
  await source.read(0, start);
  const zeros = start.length === START_BYTES && start.every((byte) => byte === 0);
  if (source.size === 0 || zeros) {
    const what = zeros ? 'this file begins with nothing but zeros' : 'there is nothing in this file';
    throw new ShadegradError('WEIGHTS_CORRUPT', `${source.name}: ${what}`, {
      expected: 'a file of weights',
      received: `${source.size} bytes`,
      fix: 'copy or download it again: it was not written to its end',
    });
  }
  const stranger = findStranger(start, json);
  if (!stranger) return;
  throw new ShadegradError('WEIGHTS_UNSUPPORTED', `${source.name}: this is ${stranger.what}, no file of weights`, {
    expected: 'a file of weights: .safetensors, .pth, .pict or a TensorFlow.js model.json',
    received: `${source.size} bytes`,
    fix: stranger.fix,
  });
}

/**
 * What else a file is, by its first bytes; null for what may be weights.
 *
 * @param json whether the file of weights is itself JSON
 */
export function findStranger(start: Uint8Array, json = false): Stranger | null {
  const magic = MAGICS.find(({ bytes, at = 0 }) => bytes.every((byte, index) => start[at + index] === byte));
  if (magic) return magic;
  const text = readableText(start);
  if (text === null) return null;
  if (text.startsWith(LFS_POINTER)) {
    return {
      what: 'a Git LFS pointer',
      isText: true,
      fix: 'it only names the file: run "git lfs install" once and then "git lfs pull" in the repository, or download the file itself',
    };
  }
  if (/^<(?:!doctype html|html|head|body|script|!--)/i.test(text)) return { what: 'a web page (HTML)', fix: DOWNLOAD_AGAIN, isText: true };
  if (text.startsWith('<')) {
    return { what: `a text in XML or HTML that begins ${quoteName(text)}, perhaps a server's answer`, fix: DOWNLOAD_AGAIN, isText: true };
  }
  // Whoever expects JSON says better what is wrong with other texts.
  if (json) return null;
  if (/^[[{]/.test(text)) {
    return {
      what: `a text in JSON that begins ${quoteName(text)}, perhaps a server's answer`,
      fix: `${DOWNLOAD_AGAIN}; a TensorFlow.js model is named by its model.json`,
    };
  }
  return { what: `a text that begins ${quoteName(text)}`, fix: DOWNLOAD_AGAIN, isText: true };
}

/** The start of a file as text, without white space before it; null if it is none. */
function readableText(start: Uint8Array): string | null {
  const utf16 = start[0] === 0xff && start[1] === 0xfe ? 'utf-16le' : start[0] === 0xfe && start[1] === 0xff ? 'utf-16be' : null;
  const decoder = new TextDecoder(utf16 ?? 'utf-8', { fatal: true });
  // The end may cut a character of up to four bytes in two, which is no fault of the text.
  for (let cut = 0; cut < Math.min(4, start.length); cut++) {
    try {
      const text = decoder.decode(start.subarray(0, start.length - cut)).trimStart();
      return CONTROL.test(text) ? null : text;
    } catch {}
  }
  return null;
}

/** What no text has in it: control characters but for tabs, ends of lines and pages. */
const CONTROL = /[^\P{Cc}\t\r\n\f]/u;
