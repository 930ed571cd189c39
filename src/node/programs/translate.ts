import type { SeenImage } from '../../data/codings/coding.js';
import { colours } from '../../data/codings/colours.js';
import { codingsOf, parseRange, readingsOf, type Codings, type HalfReading, type ValueRange } from '../../data/codings/options.js';
import { splitPair, type RgbImage } from '../../data/image.js';
import { describeArchitecture } from '../../models/describe.js';
import { loadNetwork } from '../../exchange/network/load-network.js';
import { isNoiseGenerator } from '../../models/noise.js';
import { buildNetwork, isGenerator, isLabelledGenerator } from '../../models/registry.js';
import { findNetwork, type FoundNetwork } from '../../exchange/read-weights.js';
import { printableName } from '../../formats/names.js';
import { ShadegradError } from '../../errors.js';
import type { Generator } from '../../models/kind.js';
import { imageDiversity, type ImageDiversity } from '../../training/metrics.js';
import { FITS } from '../../training/fits/registry.js';
import { sidesOf, type TranslatedSize } from '../../training/fits/sides.js';
import { Translator, type FittedImage } from '../../training/translator.js';
import { openNodeGpu } from '../adapter/adapter.js';
import { makeFolder, writeFileAtomic } from '../files/atomic.js';
import { readStream, STANDARD_STREAM, writeStream } from '../files/standard-streams.js';
import { encodePicture } from '../images/encode.js';
import { isValueFormat, VALUE_FORMATS } from '../images/encode-values.js';
import { PROFILE_WAYS, type ProfileWay } from '../images/colour-profiles.js';
import { profileOf, withProfile } from '../images/profile.js';
import { decodeImage, readBytes } from '../images/read.js';
import { decodeValues } from '../images/values.js';
import { parseFlags } from '../terminal/flags.js';
import { formatHelp } from '../terminal/help.js';
import { parseShard, partOf } from '../terminal/shard.js';
import { concernsOneFile } from './one-file.js';
import { reportError } from './run-main.js';
import { wantedLabels } from './label-words.js';
import {
  checkTogether,
  endingOf,
  parseFrames,
  parseSides,
  parseSize,
  required,
  TRANSLATE_PROGRAM,
  type TranslateFlags,
} from './translate-flags.js';
import { translateFrames } from './translate-frames.js';
import { listJobs, withArrays, type Job } from './translate-jobs.js';
import { openWeights, optionsFor } from '../weights/read.js';
import { sayChosen } from '../weights/folder.js';
import { mayDraw } from '../training/draws.js';
import { Interrupt } from '../training/interrupt.js';
import { StatusLine } from '../training/status-line.js';
import { keepAside, keepQuiet, remark } from '../terminal/remarks.js';

/**
 * How many results of an image are measured for how much they differ: every pair of them is, and all are kept until then.
 */
const MEASURED = { results: 32, bytes: 2 ** 28 } as const;

/**
 * Runs the program of `shadegrad translate`: translates images with a generator, as `examples/translate.js` does. A file that cannot be
 * translated is reported and the rest still done.
 *
 * @param argv the arguments alone
 * @returns the exit status: 0, 1 if a file failed, or 130 after Ctrl-C and 143 after SIGTERM
 * @throws ShadegradError for whatever concerns all files
 */
export async function translateImages(argv: readonly string[]): Promise<number> {
  const { values: flags, given, help } = parseFlags(TRANSLATE_PROGRAM, argv);
  if (help) {
    process.stdout.write(formatHelp(TRANSLATE_PROGRAM));
    return 0;
  }
  keepQuiet(flags.quiet);
  keepAside(flags.output === STANDARD_STREAM);
  const weights = required(flags, 'weights');
  const size = flags.size === undefined ? undefined : parseSize(flags.size);
  checkTogether(flags);
  const frames = flags.frames === undefined ? undefined : parseFrames(flags.frames);
  const [input, output] = [required(flags, 'input'), required(flags, 'output')];
  // Of all of them, so that two results of one name are told, whoever would make them.
  const listed = await listJobs(input, output, flags.samples, endingOf(flags.format));
  const jobs = flags.shard === undefined ? listed : partOf(listed, parseShard(flags.shard));
  const opened = await openWeights(weights, optionsFor(flags.network));
  try {
    sayChosen(weights, opened);
    const found = findNetwork(opened.file, 'generator', opened.ofNetwork ? undefined : flags.network);
    const network = ofPictures(found, opened.path);
    const codings = codingsFor(found, network, flags.format);
    const reading = found.coding && readingsOf(found.coding).source;
    const profiles = flags['color-profile'] ?? (found.inSrgb ? 'convert' : 'ignore');
    const numbers = codings?.target.measured === 'numbers' && !isValueFormat(flags.format) && output !== STANDARD_STREAM;
    // Results that are no colours: their numbers beside the pictures of them.
    const wanted = numbers ? await withArrays(jobs, VALUE_FORMATS.npy.ending) : jobs;
    if (reading && frames !== undefined) throw noFilm(reading);
    if (flags.samples > 1) expectVariety(network, flags);
    const own = found.imageSize ?? network.imageSizes.own;
    // What was learned of images at their own size is resized to nothing, unless something else is asked for.
    const asked = ['fit', 'size'].some((name) => given.has(name));
    const fit = found.unscaled && !asked ? 'pad' : flags.fit;
    const { takesSize, takesTile } = FITS[fit];
    const chosen = takesSize ? (size ?? own) : 'image';
    checkSize(chosen, network, 'size');
    const tile = takesTile ? (flags.tile === undefined ? own : parseSides(flags.tile, 'tile')) : undefined;
    if (tile !== undefined) {
      checkSize(tile, network, 'tile');
      checkOverlap(flags.overlap, typeof tile === 'number' ? tile : Math.min(...tile));
    }
    const way = { fit, ...(tile !== undefined && { tile }) };
    const labels = wantedLabels(network, flags.label, found);
    const { gpu, adapterChoice } = await openNodeGpu(flags.adapter === undefined ? {} : { adapter: flags.adapter });
    try {
      remark(adapterChoice.summary);
      remark(takesSize ? sizeLine(chosen, network, size !== undefined) : `images keep their size: ${FITS[fit].description}`);
      const generator = (await loadNetwork(gpu, found.weights)) as Generator;
      // A network that was trained without dropout has none now.
      const statistics = flags.statistics ?? found.statistics;
      const translator = await Translator.create(gpu, generator, {
        ...{ dropout: flags.dropout, statistics, size: chosen, ...way },
        ...(flags.overlap !== undefined && { overlap: flags.overlap }),
        ...(flags.ensemble !== undefined && { ensemble: flags.ensemble }),
        codings,
      });
      if (frames !== undefined) {
        return await translateFrames({
          sides: frames,
          smooth: flags.smooth ?? 0,
          // Of one seed for all: masks that changed from frame to frame would flicker.
          translate: (frame) => translator.translate(halfOf(frame, 'a frame', flags.half), flags.seed, labels),
        });
      }
      if (output !== STANDARD_STREAM) await makeFolder(output);
      return await translateAll(
        wanted,
        flags,
        {
          read: (path) => readPicture(path, reading, profiles),
          // Numbers of files of their own full range are from 0 to 1: which of them a result would be like nobody knows.
          range: namedRange(found.coding?.outRange) ?? codings?.target.written ?? [0, 255],
          fit: (image) => translator.fit(image),
          translate: (image, sample) => translator.translate(image, (flags.seed + sample) % 2 ** 32, labels),
        },
        chosen === 'image',
      );
    } finally {
      gpu.destroy();
    }
  } finally {
    await opened.close();
  }
}

/** The generator of a file, on no device. @throws WEIGHTS_UNSUPPORTED for one that is not of pictures, grey or in colours */
function ofPictures({ weights: { architecture }, coding }: FoundNetwork, path: string): Generator {
  const network = buildNetwork(architecture);
  const isOfPictures = (channels: number): boolean => coding !== undefined || channels === 1 || channels === 3;
  const translates = isGenerator(network) || isLabelledGenerator(network);
  if (translates && isOfPictures(network.inChannels) && isOfPictures(network.outChannels)) return network;
  throw new ShadegradError('WEIGHTS_UNSUPPORTED', `${path} is no generator of pictures`, {
    expected: 'a network that translates images of 3 channels (colours) or 1 (grey) at either end',
    received: describeArchitecture(architecture),
    fix: isNoiseGenerator(network) ? 'it needs no pictures: npx shadegrad generate --weights FILE' : 'name the weights of another one',
  });
}

/** How images are coded: as the file says; of pictures whose results are to keep all their depth, as numbers. */
function codingsFor({ coding }: FoundNetwork, { inChannels, outChannels }: Generator, format: TranslateFlags['format']): Codings | null {
  if (coding) return codingsOf(coding);
  return isValueFormat(format) ? { source: colours(inChannels as 1 | 3), target: colours(outChannels as 1 | 3) } : null;
}

/** The range that a run has named for its results. */
function namedRange(text: string | undefined): readonly [number, number] | undefined {
  const range = text === undefined ? undefined : parseRange(text);
  return range === 'full' ? undefined : range;
}

const noFilm = (reading: HalfReading): ShadegradError =>
  new ShadegradError('BAD_FLAG', '--frames are pictures of colours', {
    expected: 'a network that translates such',
    received: `one of ${reading.kind === 'classes' ? `index maps of ${reading.count} classes` : `arrays of ${reading.channels} channels`}`,
    fix: 'leave out --frames, and name files with --input',
  });

/** @throws BAD_FLAG for several results of one image that would all be the same */
function expectVariety(network: Generator, flags: TranslateFlags): void {
  if (mayDraw(network, flags.dropout)) return;
  const { dropout, noise } = network.options as { readonly dropout?: number; readonly noise?: number };
  throw new ShadegradError('BAD_FLAG', `--samples ${flags.samples} would be the same picture each time`, {
    expected: 'a network with dropout, or with random numbers beside its input (train --z N)',
    received: `dropout ${String(dropout ?? 0)}${flags.dropout ? '' : ', and --no-dropout'}; ${String(noise ?? 0)} random numbers`,
    fix: 'leave out --samples, or --no-dropout if it is there',
  });
}

/** @throws BAD_FLAG for a size that the network does not take */
function checkSize(size: TranslatedSize, network: Generator, flag: 'size' | 'tile'): void {
  try {
    if (size !== 'image') sidesOf(size, network.imageSizes);
  } catch (error) {
    if (!(error instanceof ShadegradError)) throw error;
    const { expected, received, fix = '' } = error;
    throw new ShadegradError('BAD_FLAG', `--${flag} is none of this network`, {
      expected,
      received,
      fix: `${fix.replace('choose ', `write --${flag} `).replace(' x ', 'x')}${flag === 'size' ? ', or --size image' : ''}`,
    });
  }
}

/** @throws BAD_FLAG for tiles that would share half of themselves or more */
function checkOverlap(overlap: number | undefined, side: number): void {
  if (overlap === undefined || 2 * overlap < side) return;
  throw new ShadegradError('BAD_FLAG', '--overlap is too large for these tiles', {
    expected: `less than half of a tile's shorter side of ${side}`,
    received: String(overlap),
    fix: 'write a smaller one, or leave it out for a quarter; or take larger tiles (--tile)',
  });
}

/** Says at which size images go through the network, so that none is made smaller without a word. */
function sizeLine(size: TranslatedSize, { imageSizes }: Generator, asked: boolean): string {
  if (size === 'image') {
    return (
      `images keep their size; sides that are no multiple of ${imageSizes.multipleOf} are resized to the nearest one ` +
      `for the network, and back`
    );
  }
  const [width, height] = typeof size === 'number' ? [size, size] : size;
  const why = ", the size of the network; one that was trained on larger ones wants --size N, and --size image keeps each image's own";
  return `images are resized to ${width} x ${height}${asked ? '' : why}`;
}

/** How an image becomes results: made ready once, then translated for each of them. */
interface Work {
  read(path: string): Promise<ReadPicture>;
  /** Of the numbers of results. */
  readonly range: ValueRange;
  fit(image: RgbImage): FittedImage;
  translate(image: FittedImage, sample: number): Promise<RgbImage>;
}

async function translateAll(
  jobs: readonly Job[],
  { half, output, samples, format, quality, fit: way }: TranslateFlags,
  { read, range, fit, translate }: Work,
  anySize: boolean,
): Promise<number> {
  const line = new StatusLine();
  const interrupt = new Interrupt(() => void process.stdin.destroy());
  const total = jobs.length * samples;
  let done = 0;
  let failed = 0;
  let measured = 0;
  const diversities: ImageDiversity[] = [];
  try {
    for (const { input, outputs, arrays, problem } of jobs) {
      if (interrupt.exitStatus !== undefined) break;
      const made: RgbImage[] = [];
      let left = samples;
      try {
        if (problem) throw problem;
        const { picture, profile } = await read(input);
        const image = fit(halfOf(picture, input, half));
        for (const [sample, target] of outputs.entries()) {
          if (interrupt.exitStatus !== undefined) break;
          const result = await translate(image, sample);
          if (arrays) await writeResult(arrays[sample]!, await VALUE_FORMATS.npy.encode(result as SeenImage, range));
          const file = isValueFormat(format)
            ? await VALUE_FORMATS[format].encode(result as SeenImage, range, profile)
            : withProfile(await encodePicture(result, format, quality), format, profile);
          await writeResult(target, file);
          done++;
          left--;
          if (samples > 1 && made.length < mostMeasured(result)) made.push(result);
          line.show(`translated ${done} of ${total}`);
        }
        if (samples > 1 && left === 0) {
          diversities.push(imageDiversity(made));
          measured = Math.max(measured, made.length);
        }
      } catch (error) {
        if (input === STANDARD_STREAM && interrupt.exitStatus !== undefined) break;
        if (concernsAll(error, anySize)) throw error;
        line.end();
        reportError(anySize && way !== 'tiles' ? inTiles(error) : error);
        failed += left;
      }
    }
  } finally {
    line.end();
    interrupt.dispose();
    remark(`${done} of ${total} images translated into ${placeOf(output ?? '')}${failed > 0 ? `; ${failed} could not be` : ''}`);
  }
  if (diversities.length > 0) console.log(diversityLine(diversities, measured, samples));
  return interrupt.exitStatus ?? (failed > 0 ? 1 : 0);
}

const placeOf = (output: string): string => (output === STANDARD_STREAM ? 'stdout' : printableName(output));

/** An image, and its colour profile, which results that are pictures keep. */
interface ReadPicture {
  readonly picture: RgbImage;
  readonly profile: Uint8Array | undefined;
}

/** The image of a file, or of stdin. @throws what decodeImage() throws; DATA_NOT_FOUND, DATA_UNREADABLE */
async function readPicture(input: string, reading: HalfReading | undefined, profiles: ProfileWay): Promise<ReadPicture> {
  const piped = input === STANDARD_STREAM;
  const bytes = piped ? await readStream(process.stdin, 'stdin') : await readBytes(input);
  const name = piped ? 'stdin' : printableName(input);
  // What is read as values has no colours that a profile would be of.
  if (reading) return { picture: await decodeValues(bytes, name, reading), profile: undefined };
  const picture = await decodeImage(bytes, name, { colorProfile: profiles });
  // What has been brought to sRGB is no longer what its profile says.
  return { picture, profile: PROFILE_WAYS[profiles].converts ? undefined : await profileOf(bytes) };
}

/** Writes a result to its file, whole or not at all, or to stdout. @throws WRITE_FAILED */
async function writeResult(target: string, bytes: Uint8Array): Promise<void> {
  if (target !== STANDARD_STREAM) return writeFileAtomic(target, bytes);
  await writeStream(process.stdout, bytes, 'stdout');
}

const mostMeasured = ({ data }: RgbImage): number => Math.max(2, Math.min(MEASURED.results, Math.floor(MEASURED.bytes / data.length)));

function diversityLine(diversities: readonly ImageDiversity[], measured: number, samples: number): string {
  const mean = (key: keyof ImageDiversity): string =>
    (diversities.reduce((sum, each) => sum + each[key], 0) / diversities.length).toPrecision(3);
  const which = measured < samples ? `the first ${measured} of the ${samples}` : `the ${samples}`;
  const pair = `${which} results of an image differ by ${mean('l1')} (L1 of a pair, of 2)`;
  return `${pair}, a pixel's standard deviation is ${mean('deviation')}`;
}

function halfOf(image: RgbImage, name: string, half: 'left' | 'right' | undefined): RgbImage {
  if (half === undefined) return image;
  const { a, b } = splitPair(image, name);
  return half === 'left' ? a : b;
}

/** An error of a picture that is too large to be translated whole, with what helps here. */
export function inTiles(error: unknown): unknown {
  if (!(error instanceof ShadegradError) || (error.code !== 'LIMIT_EXCEEDED' && error.code !== 'OUT_OF_MEMORY')) return error;
  const { code, what, expected, received } = error;
  const fix = 'translate it in parts (--fit tiles), or make it smaller first (npx shadegrad prepare resize)';
  return new ShadegradError(code, what, { expected, received, fix, cause: error });
}

/** A full disk or a lost device would fail for every other file, too; a device that one large image is too much for, not. */
function concernsAll(error: unknown, anySize: boolean): boolean {
  if (!(error instanceof ShadegradError)) return true;
  if (anySize && (error.code === 'OUT_OF_MEMORY' || error.code === 'LIMIT_EXCEEDED')) return false;
  return !concernsOneFile(error);
}
