import { realpath, stat } from 'node:fs/promises';
import { basename, extname, join, resolve } from 'node:path';
import { splitPair, type RgbImage } from '../../data/image.js';
import { describeArchitecture } from '../../models/describe.js';
import { loadNetwork } from '../../exchange/network/load-network.js';
import { isNoiseGenerator } from '../../models/noise.js';
import { architectureOf, buildNetwork, isGenerator, isLabelledGenerator, isLibraryKind } from '../../models/registry.js';
import { findNetwork, type FoundNetwork } from '../../exchange/read-weights.js';
import { oneLine, printableName } from '../../formats/names.js';
import { ShadegradError } from '../../errors.js';
import type { Generator } from '../../models/kind.js';
import { imageDiversity, type ImageDiversity } from '../../training/metrics.js';
import { FITS, type FitName } from '../../training/fits/registry.js';
import { ENSEMBLES, type EnsembleName } from '../../training/ensembles.js';
import { sidesOf, type TranslatedSize } from '../../training/fits/sides.js';
import { Translator, type FittedImage } from '../../training/translator.js';
import { openNodeGpu } from '../adapter/adapter.js';
import { listImages } from '../images/dataset.js';
import { makeFolder } from '../files/atomic.js';
import { parseFlags, type FlagValues, type Program } from '../terminal/flags.js';
import { formatHelp } from '../terminal/help.js';
import { OPTIONS_FLAG } from '../terminal/options-file.js';
import { readImage, writePng } from '../images/read.js';
import { concernsOneFile } from './one-file.js';
import { reportError } from './run-main.js';
import { wantedLabels } from './label-words.js';
import { openWeights, optionsFor } from '../weights/read.js';
import { sayChosen } from '../weights/folder.js';
import { Interrupt } from '../training/interrupt.js';
import { StatusLine } from '../training/status-line.js';
import { keepQuiet, QUIET_FLAG, remark } from '../terminal/remarks.js';

export const TRANSLATE_PROGRAM = {
  usage: 'npx shadegrad translate --weights FILE|DIR --input FILE|DIR --output DIR [flags]',
  summary:
    'Translates images of any size (JPEG, PNG, WebP, TIFF, AVIF, GIF, BMP) with a generator that was trained here, or one of ' +
    "PyTorch, TensorFlow or a browser demo. Each result is a PNG under the image's own name.",
  fixed: { model: 'test', epoch: 'latest', load_iter: '0', phase: 'test', aspect_ratio: '1', dataset_mode: 'single' },
  flags: [
    {
      name: 'weights',
      group: 'Files',
      reference: ['name', 'checkpoints_dir'],
      type: 'string',
      placeholder: 'FILE|DIR',
      description:
        'a training run (its folder or its checkpoint.safetensors), a .pth of the PyTorch reference (latest_net_G.pth), ' +
        'another .safetensors, a .pict, or a TensorFlow.js model.json',
    },
    {
      name: 'network',
      group: 'Files',
      reference: ['model_suffix'],
      type: 'string',
      placeholder: 'NAME',
      description: 'of a run with several generators the one to translate with: generatorA (A to B) or generatorB (B to A) of CycleGAN',
    },
    {
      name: 'input',
      group: 'Files',
      reference: ['dataroot'],
      type: 'list',
      placeholder: 'FILE|DIR ...',
      description: 'an image or a folder of images, or several of them',
    },
    {
      name: 'output',
      group: 'Files',
      reference: ['results_dir'],
      type: 'string',
      placeholder: 'DIR',
      description: 'folder for the results; made if missing, files of the same name are replaced',
    },
    {
      name: 'label',
      group: 'Translation',
      type: 'list',
      placeholder: 'NAME ...',
      description:
        'what the images are to become, for a network that takes labels, such as StarGAN: every label that they are to have, or none; ' +
        'of a file without names of labels their numbers from 0',
    },
    {
      name: 'size',
      group: 'Translation',
      type: 'string',
      placeholder: 'N|WxH|image',
      description:
        "size at which images are translated, multiples of the network's; image: each at its own, aspect and all; by default the network's",
    },
    {
      name: 'fit',
      group: 'Translation',
      type: 'choice',
      choices: Object.keys(FITS) as FitName[],
      default: 'resize',
      description: `how images of other sizes go through: ${Object.entries(FITS)
        .map(([name, { description }]) => `${name}, ${description}`)
        .join('; ')}`,
    },
    {
      name: 'tile',
      group: 'Translation',
      type: 'string',
      placeholder: 'N|WxH',
      description: "size of the tiles of --fit tiles, multiples of the network's; by default the network's size",
    },
    {
      name: 'overlap',
      group: 'Translation',
      type: 'integer',
      min: 0,
      max: 16_384,
      description: 'pixels that neighbouring tiles share at least, less than half of a tile; by default a quarter of it',
    },
    {
      name: 'ensemble',
      group: 'Translation',
      type: 'choice',
      choices: Object.keys(ENSEMBLES) as EnsembleName[],
      description: `the mean of several results: ${Object.entries(ENSEMBLES)
        .map(([name, { description }]) => `${name}, ${description}`)
        .join('; ')}`,
    },
    {
      name: 'half',
      group: 'Files',
      type: 'choice',
      choices: ['left', 'right'],
      description: 'the images are side-by-side pairs: translate this half of each',
    },
    {
      name: 'seed',
      group: 'Translation',
      type: 'integer',
      min: 0,
      max: 0xffff_ffff,
      default: 0,
      description: 'chooses the dropout masks and random numbers, so the variant of each result',
    },
    {
      name: 'samples',
      group: 'Translation',
      type: 'integer',
      min: 1,
      max: 1000,
      default: 1,
      description: 'so many results of each image, NAME-1.png and on, of this seed and those after it; says how much they differ',
    },
    {
      name: 'statistics',
      group: 'Translation',
      type: 'choice',
      choices: ['batch', 'running'],
      description: "what the norms use: batch, each image's own, or running, those of the training; by default as the file's makers do",
    },
    {
      name: 'dropout',
      group: 'Translation',
      reference: ['no_dropout'],
      type: 'boolean',
      default: true,
      description: 'no dropout: one result whatever the seed, but for random numbers (train --z); a little smoother',
    },
    { ...OPTIONS_FLAG, group: 'Files' },
    { ...QUIET_FLAG, group: 'This machine' },
    {
      name: 'adapter',
      group: 'This machine',
      type: 'string',
      placeholder: 'NAME',
      description: "auto, hardware, software, lavapipe, swiftshader, or part of an adapter's name",
    },
  ],
  examples: [
    { command: 'npx shadegrad translate --weights runs/facades --input labels/ --output photos/', description: 'A folder of label maps:' },
    {
      command: 'npx shadegrad translate --weights runs/facades --input facades/test --half right --output photos/',
      description: 'The label halves of pairs:',
    },
    {
      command: 'npx shadegrad translate --weights runs/stargan --label brick night --input photos/ --output nights/',
      description: 'Photos as labels say:',
    },
    {
      command: 'npx shadegrad translate --weights latest_net_G.pth --input labels/ --output photos/ --size image',
      description: 'Each image at its own size:',
    },
    {
      command: 'npx shadegrad translate --weights runs/facades --input large.png --output photos/ --fit tiles',
      description: 'A large image in tiles of what the network takes:',
    },
  ],
} as const satisfies Program;

type TranslateFlags = FlagValues<typeof TRANSLATE_PROGRAM>;

interface Job {
  readonly input: string;
  /** Where its results go, of --seed and the seeds after it. */
  readonly outputs: readonly string[];
  /** Why there will be none. */
  readonly problem?: ShadegradError;
}

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
  const { values: flags, help } = parseFlags(TRANSLATE_PROGRAM, argv);
  if (help) {
    process.stdout.write(formatHelp(TRANSLATE_PROGRAM));
    return 0;
  }
  keepQuiet(flags.quiet);
  const weights = required(flags, 'weights');
  const size = flags.size === undefined ? undefined : parseSize(flags.size);
  checkTogether(flags);
  const jobs = await listJobs(required(flags, 'input'), required(flags, 'output'), flags.samples);
  const opened = await openWeights(weights, optionsFor(flags.network));
  try {
    sayChosen(weights, opened);
    const found = findNetwork(opened.file, 'generator', opened.ofNetwork ? undefined : flags.network);
    const network = ofPictures(found, opened.path);
    if (flags.samples > 1) expectVariety(network, flags);
    const own = found.imageSize ?? network.imageSizes.own;
    const { takesSize, takesTile } = FITS[flags.fit];
    const chosen = takesSize ? (size ?? own) : 'image';
    checkSize(chosen, network, 'size');
    const tile = takesTile ? (flags.tile === undefined ? own : parseSides(flags.tile, 'tile')) : undefined;
    if (tile !== undefined) {
      checkSize(tile, network, 'tile');
      checkOverlap(flags.overlap, typeof tile === 'number' ? tile : Math.min(...tile));
    }
    const way = { fit: flags.fit, ...(tile !== undefined && { tile }) };
    const labels = wantedLabels(network, flags.label, found);
    const { gpu, adapterChoice } = await openNodeGpu(flags.adapter === undefined ? {} : { adapter: flags.adapter });
    try {
      remark(adapterChoice.summary);
      remark(takesSize ? sizeLine(chosen, network, size !== undefined) : `images keep their size: ${FITS[flags.fit].description}`);
      const generator = (await loadNetwork(gpu, found.weights)) as Generator;
      // A network that was trained without dropout has none now.
      const statistics = flags.statistics ?? found.statistics;
      const translator = await Translator.create(gpu, generator, {
        ...{ dropout: flags.dropout, statistics, size: chosen, ...way },
        ...(flags.overlap !== undefined && { overlap: flags.overlap }),
        ...(flags.ensemble !== undefined && { ensemble: flags.ensemble }),
      });
      await makeFolder(required(flags, 'output'));
      return await translateAll(
        jobs,
        flags,
        {
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
function ofPictures({ weights: { architecture } }: FoundNetwork, path: string): Generator {
  const network = buildNetwork(architecture);
  const isOfPictures = (channels: number): boolean => channels === 1 || channels === 3;
  const translates = isGenerator(network) || isLabelledGenerator(network);
  if (translates && isOfPictures(network.inChannels) && isOfPictures(network.outChannels)) return network;
  throw new ShadegradError('WEIGHTS_UNSUPPORTED', `${path} is no generator of pictures`, {
    expected: 'a network that translates images of 3 channels (colours) or 1 (grey) at either end',
    received: describeArchitecture(architecture),
    fix: isNoiseGenerator(network) ? 'it needs no pictures: npx shadegrad generate --weights FILE' : 'name the weights of another one',
  });
}

/** @throws BAD_FLAG for several results of one image that would all be the same */
function expectVariety(network: Generator, flags: TranslateFlags): void {
  const { dropout, noise } = network.options as { readonly dropout?: number; readonly noise?: number };
  // A network that a program has made known may draw something else.
  if (dropout === undefined && noise === undefined && !isLibraryKind(architectureOf(network).kind)) return;
  if ((dropout ?? 0) * Number(flags.dropout) + (noise ?? 0) > 0) return;
  throw new ShadegradError('BAD_FLAG', `--samples ${flags.samples} would be the same picture each time`, {
    expected: 'a network with dropout, or with random numbers beside its input (train --z N)',
    received: `dropout ${String(dropout ?? 0)}${flags.dropout ? '' : ', and --no-dropout'}; ${String(noise ?? 0)} random numbers`,
    fix: 'leave out --samples, or --no-dropout if it is there',
  });
}

/** @throws BAD_FLAG for flags that the way of fitting does not go by */
function checkTogether({ fit, size, tile, overlap }: TranslateFlags): void {
  const { takesSize, takesTile } = FITS[fit];
  const refuse = (flag: string, fix: string): never => {
    throw new ShadegradError('BAD_FLAG', `--${flag} means nothing with --fit ${fit}`, {
      expected: `--fit ${fit} without it`,
      received: `--${flag}`,
      fix,
    });
  };
  if (!takesSize && size !== undefined && size !== 'image') refuse('size', 'leave it out: the images keep their size');
  if (!takesTile && tile !== undefined) refuse('tile', 'write --fit tiles with it, or leave it out');
  if (!takesTile && overlap !== undefined) refuse('overlap', 'write --fit tiles with it, or leave it out');
}

/** Reads --size. @throws BAD_FLAG */
const parseSize = (text: string): TranslatedSize => (text === 'image' ? text : parseSides(text, 'size'));

/** Reads the sides of --size or --tile. @throws BAD_FLAG */
function parseSides(text: string, flag: 'size' | 'tile'): [width: number, height: number] {
  const [, width, height = width] = /^(\d{1,5})(?:x(\d{1,5}))?$/.exec(text) ?? [];
  if (width !== undefined) return [Number(width), Number(height)];
  const image = flag === 'size';
  throw new ShadegradError('BAD_FLAG', `Bad value for --${flag}`, {
    expected: `a side in pixels, ${image ? 'WIDTHxHEIGHT, or image' : 'or WIDTHxHEIGHT'}`,
    received: oneLine(text, 40),
    fix: image ? 'write --size 512, --size 512x256 or --size image' : 'write --tile 256 or --tile 256x128',
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
  fit(image: RgbImage): FittedImage;
  translate(image: FittedImage, sample: number): Promise<RgbImage>;
}

async function translateAll(
  jobs: readonly Job[],
  { half, output, samples }: TranslateFlags,
  { fit, translate }: Work,
  anySize: boolean,
): Promise<number> {
  const line = new StatusLine();
  const interrupt = new Interrupt(() => undefined);
  const total = jobs.length * samples;
  let done = 0;
  let failed = 0;
  let measured = 0;
  const diversities: ImageDiversity[] = [];
  try {
    for (const { input, outputs, problem } of jobs) {
      if (interrupt.exitStatus !== undefined) break;
      const made: RgbImage[] = [];
      let left = samples;
      try {
        if (problem) throw problem;
        const image = fit(halfOf(await readImage(input), input, half));
        for (const [sample, target] of outputs.entries()) {
          if (interrupt.exitStatus !== undefined) break;
          const result = await translate(image, sample);
          await writePng(target, result);
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
        if (concernsAll(error, anySize)) throw error;
        line.end();
        reportError(error);
        failed += left;
      }
    }
  } finally {
    line.end();
    interrupt.dispose();
    remark(`${done} of ${total} images translated into ${printableName(output ?? '')}${failed > 0 ? `; ${failed} could not be` : ''}`);
  }
  if (diversities.length > 0) console.log(diversityLine(diversities, measured, samples));
  return interrupt.exitStatus ?? (failed > 0 ? 1 : 0);
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

/** A full disk or a lost device would fail for every other file, too; a device that one large image is too much for, not. */
function concernsAll(error: unknown, anySize: boolean): boolean {
  if (!(error instanceof ShadegradError)) return true;
  if (anySize && (error.code === 'OUT_OF_MEMORY' || error.code === 'LIMIT_EXCEEDED')) return false;
  return !concernsOneFile(error);
}

function required<Name extends 'weights' | 'input' | 'output'>(flags: TranslateFlags, name: Name): NonNullable<TranslateFlags[Name]> {
  const value = flags[name];
  if (value !== undefined) return value;
  throw new ShadegradError('BAD_FLAG', `--${name} is missing`, { fix: `write ${TRANSLATE_PROGRAM.usage}` });
}

async function listJobs(inputs: readonly string[], output: string, samples: number): Promise<Job[]> {
  const files: string[] = [];
  let missing = 0;
  for (const input of inputs) {
    const kind = await stat(input).catch(() => undefined);
    if (kind === undefined) missing++;
    if (!kind?.isDirectory()) files.push(input);
    else {
      const names = await listImages(input, (others) => remark(`left out of ${printableName(input)}: ${others}`));
      files.push(...names.map((name) => join(input, name)));
    }
  }
  // Of several, a missing one is reported in its turn.
  if (missing === inputs.length) {
    throw new ShadegradError('DATA_NOT_FOUND', `There is no file or folder ${printableName(inputs[0]!)}`, {
      fix: 'check the path given with --input',
    });
  }
  const jobs = [...new Set(files)].map((file): Job => {
    const name = basename(file, extname(file));
    const names = samples === 1 ? [name] : Array.from({ length: samples }, (_, sample) => `${name}-${sample + 1}`);
    return { input: file, outputs: names.map((each) => join(output, `${each}.png`)) };
  });
  return withProblems(jobs);
}

/**
 * Finds out which results would take the place of an input, or of another result: none of such an image are made.
 *
 * @throws BAD_FLAG when that are all
 */
async function withProblems(jobs: readonly Job[]): Promise<Job[]> {
  const inputs = new Map(await Promise.all(jobs.map(async ({ input }) => [await realPath(input), input] as const)));
  const taken = new Map<string, string>();
  const checked: Job[] = [];
  for (const job of jobs) {
    const targets = await Promise.all(job.outputs.map(realPath));
    const problem = targets.map((target, at) => clash(job, job.outputs[at]!, inputs.get(target), taken.get(target))).find(Boolean);
    if (!problem) for (const target of targets) taken.set(target, job.input);
    checked.push(problem ? { ...job, problem } : job);
  }
  if (checked.every(({ problem }) => problem)) throw checked[0]!.problem!;
  return checked;
}

/** What is wrong with a result of an image where an input lies, or a result of another image will. */
function clash({ input }: Job, output: string, overwritten: string | undefined, other: string | undefined): ShadegradError | undefined {
  if (overwritten !== undefined) {
    const over = `The result for ${input} would be written over ${overwritten}`;
    return new ShadegradError('BAD_FLAG', over, { fix: 'name another folder with --output' });
  }
  if (other === undefined) return undefined;
  return new ShadegradError('BAD_FLAG', `The results for ${other} and ${input} would have the same name`, {
    received: output,
    fix: 'rename one of them, or move it to another folder',
  });
}

/** Without links; of a file that is not there yet, in its folder's real place. */
async function realPath(path: string): Promise<string> {
  return realpath(path).catch(async () => {
    const folder = await realpath(join(path, '..')).catch(() => resolve(path, '..'));
    return join(folder, basename(path));
  });
}
