import type { Metadata, Sharp, SharpOptions } from 'sharp';
import { ShadegradError } from '../../errors.js';
import type { Channels } from './channels.js';
import { isConverted, type ReadImageOptions } from './colour-profiles.js';
import type { ReadableFormat } from '../../formats/image-format.js';
import { checkSides, corrupt, tooLarge, unsupported } from './limits.js';
import type { Samples } from '../../training/files/samples.js';
import { tiffAlpha } from './tiff.js';

type SharpModule = typeof import('sharp').default;

/**
 * Profiles are left alone unless colours are to be converted: networks are trained on, and compared by, the numbers in the files. Of an
 * animation or a file of several pages the first picture is taken. The size is checked here, between the header and the pixels.
 */
const OPTIONS = { ignoreIcc: true, limitInputPixels: false, autoOrient: true, pages: 1 } as const satisfies SharpOptions;
/** What libjpeg only warns of although pixels are lost. Its other warnings are of stray bytes and odd headers. */
const LOST_PIXELS = /premature end|bad (Huffman|arithmetic) code|instead of RST/;

/** Kinds of files that libvips or the library below it names and does not read. */
const UNSUPPORTED = /unsupported|not supported|not implemented|no codec|not configured|bad labq format/i;

/** What libvips says of one damaged file at one time and not at another: that it could not be read, and nothing else. */
const SAYS_NOTHING = /^(?:unknown error|lib\w+ read error|)(?:; (?:unknown error|lib\w+ read error))*$/i;

/** Spaces that are read as they are stored; libvips converts the others (CIELAB) to sRGB. */
const GREY_SPACES: ReadonlySet<string> = new Set(['b-w', 'grey16']);
const REFUSED_SPACES: ReadonlySet<string> = new Set(['multiband', 'histogram', 'fourier', 'matrix']);

let loading: Promise<SharpModule> | undefined;
let decodesAlone = false;

/**
 * Sets sharp up for a process that decodes nothing but the images of this package: no operations are kept for later, and an
 * image is one thread's, since batches are decoded side by side already. These settings are the process's, so that a program
 * which uses sharp by itself must not find them changed.
 */
export function decodeAlone(): void {
  decodesAlone = true;
}

/**
 * Loads the decoder when the first image is read, so that programs that read none run without it.
 *
 * @throws IMAGE_DECODER when it is not installed or not made for this machine
 */
export async function loadSharp(load: () => Promise<{ default: SharpModule }> = () => import('sharp')): Promise<SharpModule> {
  try {
    const { default: sharp } = await load();
    if (decodesAlone) {
      sharp.cache(false);
      sharp.concurrency(1);
    }
    return sharp;
  } catch (cause) {
    throw new ShadegradError('IMAGE_DECODER', 'The image decoder (the npm package sharp) cannot be loaded', {
      expected: 'sharp with its prebuilt library, as npm installs it along with this package',
      received: (cause as Error).message?.split('\n').find((line) => line.trim() !== '') ?? String(cause),
      fix:
        'install again on this system, optional packages included: npm install --include=optional sharp ' +
        `(${process.platform} ${process.arch}; sharp.pixelplumbing.com/install lists what it runs on)`,
      cause,
    });
  }
}

/**
 * Decodes with libvips: samples of the upright picture.
 *
 * @throws IMAGE_CORRUPT, IMAGE_UNSUPPORTED, IMAGE_SIZE, IMAGE_DECODER
 */
export function decodeWithSharp(bytes: Uint8Array, name: string, format: ReadableFormat, reading: ReadImageOptions): Promise<Samples> {
  const alpha = format === 'TIFF' ? tiffAlpha(bytes) : 0;
  return withImage(bytes, name, format, async (image, header, open) => {
    if (!isConverted(header.icc, name, reading)) return readSamples(image, header, name, format, alpha);
    // Of 16 bits sharp leaves colours in Display P3.
    const deep = header.depth === 'ushort';
    const file = deep ? await image.keepIccProfile().toColourspace('srgb').png({ compressionLevel: 0 }).toBuffer() : bytes;
    const depth = deep ? 'uchar' : header.depth;
    return readSamples(open(file, { ignoreIcc: false }), { ...header, depth, space: 'srgb' }, name, format, alpha);
  });
}

/**
 * Decodes with libvips: every channel of the upright picture as the file stores it, without any conversion.
 *
 * @throws as decodeWithSharp()
 */
export function decodeChannels(bytes: Uint8Array, name: string, format: ReadableFormat): Promise<Channels> {
  return withImage(bytes, name, format, async (image, { space = 'srgb', depth, channels: stored }) => {
    const type = DEPTHS[depth ?? ''];
    if (!type)
      throw unsupported(
        name,
        `${format} with samples of type ${depth} cannot be read`,
        'save it as a .npy, or with samples of another type',
      );
    // Numbers are not to be converted to sRGB; of floats of many channels, that would keep the first alone.
    if (depth === 'ushort' || stored === 1 || space === 'scrgb') image.toColourspace(space);
    const { data, info } = await image.raw({ depth: depth as 'uchar' }).toBuffer({ resolveWithObject: true });
    const { width, height, channels } = info;
    const all = new type.array(data.buffer.slice(data.byteOffset, data.byteOffset + data.length));
    if (channels === stored) return { width, height, channels, data: all, full: type.full };
    // Grey is repeated as green and blue before further channels.
    if (channels !== stored + 2) throw unsupported(name, `${format} of ${stored} channels cannot be read`, 'save it as a .npy');
    const kept = all.filter((_, at) => ![1, 2].includes(at % channels)) as Channels['data'];
    return { width, height, channels: stored, data: kept, full: type.full };
  });
}

/** Types of samples that are read as they are. */
const DEPTHS: Readonly<
  Record<string, { readonly array: Uint8ArrayConstructor | Uint16ArrayConstructor | Float32ArrayConstructor; readonly full: number | null }>
> = {
  uchar: { array: Uint8Array, full: 255 },
  ushort: { array: Uint16Array, full: 65_535 },
  float: { array: Float32Array, full: null },
};

/**
 * Reads the sides of the upright picture.
 *
 * @throws IMAGE_CORRUPT, IMAGE_UNSUPPORTED, IMAGE_SIZE, IMAGE_DECODER
 */
export function sidesBySharp(bytes: Uint8Array, name: string, format: ReadableFormat): Promise<{ width: number; height: number }> {
  return withImage(bytes, name, format, async (_, { autoOrient: { width, height } }) => ({ width, height }));
}

async function withImage<Result>(
  bytes: Uint8Array,
  name: string,
  format: ReadableFormat,
  use: (image: Sharp, header: Metadata, open: (file: Uint8Array, options: SharpOptions) => Sharp) => Promise<Result>,
): Promise<Result> {
  loading ??= loadSharp();
  const sharp = await loading.catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  // libvips says nothing of sides beyond its own bounds.
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (format === 'PNG' && bytes.length >= 24) checkSides(name, view.getUint32(16), view.getUint32(20));
  const attempt = async (failOn: 'warning' | 'error'): Promise<Result> => {
    const open = (file: Uint8Array, options?: SharpOptions): Sharp => sharp(file, { ...OPTIONS, failOn, ...options });
    const image = open(bytes);
    const header = await image.metadata();
    checkSides(name, header.width, header.height);
    return use(image, header, open);
  };
  try {
    if (format !== 'JPEG') return await attempt('error');
    return await attempt('warning').catch((error: unknown) => {
      if (error instanceof ShadegradError || LOST_PIXELS.test((error as Error).message)) throw error;
      return attempt('error');
    });
  } catch (error) {
    throw error instanceof ShadegradError ? error : translated(error as Error, name, format);
  }
}

/** @param alpha place of the transparency among the channels after the colours, if there are such; -1 for none */
async function readSamples(
  image: Sharp,
  { space = 'srgb', depth, channels: stored }: Metadata,
  name: string,
  format: string,
  alpha: number,
): Promise<Samples> {
  if ((depth !== 'uchar' && depth !== 'ushort') || REFUSED_SPACES.has(space)) {
    throw unsupported(
      name,
      `${format} with ${REFUSED_SPACES.has(space) ? 'channels that are not colours' : `samples of type ${depth}`} cannot be read`,
    );
  }
  const cmyk = space === 'cmyk';
  const wide = depth === 'ushort';
  if (cmyk) image.pipelineColourspace('cmyk').toColourspace('cmyk');
  else if (wide) image.toColourspace(GREY_SPACES.has(space) ? 'grey16' : 'rgb16');
  const { data, info } = await image.raw({ depth }).toBuffer({ resolveWithObject: true });
  const samples = wide
    ? new Uint16Array(data.buffer, data.byteOffset, data.length / 2)
    : new Uint8Array(data.buffer, data.byteOffset, data.length);
  const { width, height, channels } = info;
  const grey = channels < 3 || (GREY_SPACES.has(space) && channels === stored);
  const colours = cmyk ? 4 : grey ? 1 : 3;
  return { width, height, channels, colours, alpha: alpha >= 0 && colours + alpha < channels ? colours + alpha : null, samples };
}

/** What libvips says, without the names of its parts before each line. A format that it does not know again is a damaged one. */
function translated(cause: Error, name: string, format: string): ShadegradError {
  const lines = cause.message.split('\n').map((line) =>
    line
      .replace(/^Input buffer has corrupt header: /, '')
      .replace(/^\w+: /, '')
      .trim(),
  );
  const said = [...new Set(lines)]
    .filter((line) => line !== '')
    .slice(0, 2)
    .join('; ');
  if (/^Input buffer contains unsupported/.test(said)) return corrupt(name, `it is cut short, or its bytes make no ${format}`, cause);
  if (/dimension|too large|security limit/i.test(said)) return tooLarge(name, said);
  if (UNSUPPORTED.test(said)) return unsupported(name, `this kind of ${format} cannot be read (${said})`, undefined, cause);
  const why = SAYS_NOTHING.test(said) ? '' : ` (${said})`;
  return corrupt(name, `it is cut short, or its bytes make no ${format}${why}`, cause);
}
