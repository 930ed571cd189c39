import { join } from 'node:path';
import { imageGrid, type RgbImage } from '../../data/image.js';
import { loadNetwork } from '../../exchange/network/load-network.js';
import { findNetwork, networksIn, type FoundNetwork } from '../../exchange/read-weights.js';
import { printableName } from '../../formats/names.js';
import { ShadegradError } from '../../errors.js';
import { describeArchitecture } from '../../models/describe.js';
import { isNoiseGenerator, type NoiseGenerator, type NoiseInput } from '../../models/noise.js';
import { buildNetwork, isGenerator } from '../../models/registry.js';
import { ImageMaker, slerp, type ImageOrder } from '../../training/image-maker.js';
import { openNodeGpu } from '../adapter/adapter.js';
import { askedLabels } from './label-words.js';
import { makeFolder } from '../files/atomic.js';
import { writePng } from '../images/read.js';
import { parseFlags, type FlagValues, type Program } from '../terminal/flags.js';
import { formatHelp } from '../terminal/help.js';
import { OPTIONS_FLAG } from '../terminal/options-file.js';
import { Interrupt } from '../training/interrupt.js';
import { StatusLine } from '../training/status-line.js';
import { sayChosen } from '../weights/folder.js';
import { openWeights, optionsFor } from '../weights/read.js';
import { REMOTE_FORMS } from '../weights/remote/registry.js';
import { keepQuiet, QUIET_FLAG, remark } from '../terminal/remarks.js';

/** Images, or of a network with labels images for each label. */
const COUNTS = { plain: 64, labelled: 10, path: 2 } as const;
const STEPS = 10;
/** Pixels of the largest picture: 10,000 x 10,000. */
const MOST_PIXELS = 1e8;
/** Images that are made at once: a batch of ImageMaker. */
const IMAGES_TOGETHER = 16;

export const GENERATE_PROGRAM = {
  usage: 'npx shadegrad generate --weights FILE|DIR --output DIR [flags]',
  summary:
    'Makes pictures of random numbers with a generator that was trained here (DCGAN, GAN, conditional GAN), or one of PyTorch. Of a ' +
    'network that takes labels a row of pictures for each label.',
  flags: [
    {
      name: 'weights',
      group: 'Files',
      type: 'string',
      placeholder: 'FILE|DIR|URL',
      description:
        'a training run (its folder or its checkpoint.safetensors), another .safetensors, or a .pth (netG_epoch_24.pth); or an address ' +
        `of one: ${REMOTE_FORMS}`,
    },
    {
      name: 'network',
      group: 'Files',
      type: 'string',
      placeholder: 'NAME',
      description: 'of a run with several generators the one to make pictures with',
    },
    {
      name: 'output',
      group: 'Files',
      type: 'string',
      placeholder: 'DIR',
      description: 'folder for the pictures; made if missing, files of the same name are replaced',
    },
    {
      name: 'as',
      group: 'Pictures',
      type: 'choice',
      choices: ['grid', 'images', 'strip', 'frames'],
      default: 'grid',
      description:
        'grid: all in one picture; images: a file each; strip: on the way from one to the next, side by side in one picture; ' +
        'frames: on that way, a numbered file each, for a video',
    },
    {
      name: 'count',
      group: 'Pictures',
      type: 'integer',
      min: 1,
      max: 100_000,
      description:
        `pictures, by default ${COUNTS.plain}; of a network with labels pictures of each, by default ${COUNTS.labelled}; ` +
        `of a strip or frames those that they pass through, by default ${COUNTS.path}`,
    },
    {
      name: 'label',
      group: 'Pictures',
      type: 'list',
      placeholder: 'NAME ...',
      description: 'of a network with labels those to show; by default all. Of a file without names of labels their numbers from 0',
    },
    {
      name: 'columns',
      group: 'Pictures',
      type: 'integer',
      min: 1,
      max: 1000,
      description: 'pictures in a row of a grid of a network without labels; by default as many as there are rows',
    },
    {
      name: 'steps',
      group: 'Pictures',
      type: 'integer',
      min: 1,
      max: 10_000,
      description: `pictures from one to the next of a strip or of frames; by default ${STEPS}`,
    },
    {
      name: 'seed',
      group: 'Pictures',
      type: 'integer',
      min: 0,
      max: 0xffff_ffff,
      default: 0,
      description: 'chooses the random numbers; one seed gives one result, and more pictures begin with the same ones',
    },
    {
      name: 'statistics',
      group: 'Pictures',
      type: 'choice',
      choices: ['batch', 'running'],
      default: 'running',
      description: "what the norms use: those of the training, or those of the pictures that are made together, as PyTorch's example does",
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
    { command: 'npx shadegrad generate --weights runs/cgan --output digits/', description: 'A row of each digit:' },
    {
      command: 'npx shadegrad generate --weights runs/dcgan --output faces/ --as images --count 500',
      description: 'Five hundred files:',
    },
    {
      command: 'npx shadegrad generate --weights runs/dcgan --output faces/ --as frames --count 8 --steps 30',
      description: 'From one picture to the next, as numbered frames:',
    },
  ],
} as const satisfies Program;

type GenerateFlags = FlagValues<typeof GENERATE_PROGRAM>;

/** A picture to make: one row or several of images side by side. */
interface Picture {
  readonly file: string;
  readonly rows: readonly (readonly ImageOrder[])[];
}

/**
 * Runs the program of `shadegrad generate`: makes pictures of random numbers.
 *
 * @param argv the arguments alone
 * @returns the exit status: 0, or 130 after Ctrl-C and 143 after SIGTERM
 * @throws ShadegradError for whatever the user can mend
 */
export async function generateImages(argv: readonly string[]): Promise<number> {
  const { values: flags, given, help } = parseFlags(GENERATE_PROGRAM, argv);
  if (help) {
    process.stdout.write(formatHelp(GENERATE_PROGRAM));
    return 0;
  }
  keepQuiet(flags.quiet);
  checkTogether(flags, given);
  const [weights, output] = [required(flags, 'weights'), required(flags, 'output')];
  const opened = await openWeights(weights, optionsFor(flags.network));
  try {
    sayChosen(weights, opened);
    const generators = networksIn(opened.file).filter(({ role }) => role === 'generator');
    // Which of several is meant is asked only where one of them can be.
    if (!generators.some((each) => makerIn(each))) for (const each of generators) makerOf(each, opened.path);
    const found = findNetwork(opened.file, 'generator', opened.ofNetwork ? undefined : flags.network);
    const labels = labelsOf(flags, makerOf(found, opened.path), found.labels);
    const { gpu, adapterChoice } = await openNodeGpu(flags.adapter === undefined ? {} : { adapter: flags.adapter });
    try {
      remark(adapterChoice.summary);
      const generator = (await loadNetwork(gpu, found.weights)) as NoiseGenerator;
      const maker = await ImageMaker.create(gpu, generator, { statistics: flags.statistics });
      const pictures = await planPictures(maker, generator, flags, labels);
      await makeFolder(output);
      return await writeAll(pictures, maker, output, flags.as === 'frames' || flags.as === 'images' ? 0 : 2);
    } finally {
      gpu.destroy();
    }
  } finally {
    await opened.close();
  }
}

/** @throws BAD_FLAG for flags that are right by themselves and not together */
function checkTogether({ as, count }: GenerateFlags, given: ReadonlySet<string>): void {
  const isPath = as === 'strip' || as === 'frames';
  const refuse = (what: string, expected: string): never => {
    throw new ShadegradError('BAD_FLAG', what, { expected, received: `--as ${as}`, fix: 'leave one of the two out' });
  };
  if (given.has('steps') && !isPath) refuse('--steps is for ways from one picture to the next', '--as strip or --as frames with it');
  if (given.has('columns') && as !== 'grid') refuse('--columns is for grids', '--as grid with it');
  if (isPath && count === 1) {
    throw new ShadegradError('BAD_FLAG', 'There is no way from one picture to the next', {
      expected: `with --as ${as}, a --count of 2 or more`,
      received: '--count 1',
      fix: 'leave --count out for 2',
    });
  }
}

/** The generator of a file, on no device, where it makes pictures of random numbers. */
function makerIn({ weights: { architecture } }: FoundNetwork): NoiseGenerator | undefined {
  const network = buildNetwork(architecture);
  return isNoiseGenerator(network) && [1, 3].includes(network.makes.channels) ? network : undefined;
}

/** As makerIn(). @throws WEIGHTS_UNSUPPORTED for one that makes no pictures of random numbers */
function makerOf(found: FoundNetwork, path: string): NoiseGenerator {
  const maker = makerIn(found);
  if (maker) return maker;
  const { architecture } = found.weights;
  const translates = isGenerator(buildNetwork(architecture));
  throw new ShadegradError('WEIGHTS_UNSUPPORTED', `${path} makes no pictures of random numbers`, {
    expected: 'a generator that makes pictures of 3 channels (colours) or 1 (grey) of random numbers, such as that of DCGAN',
    received: `${describeArchitecture(architecture)}${translates ? ', which takes pictures' : ''}`,
    fix: translates ? 'give it pictures: npx shadegrad translate --weights FILE --input FILE' : 'name the weights of another one',
  });
}

/** A label to show: its place, and what it is called. */
interface ShownLabel {
  readonly place: number;
  readonly name: string;
}

/** The labels to show; null for a network without any. @throws BAD_FLAG */
function labelsOf(
  { label, columns }: GenerateFlags,
  network: NoiseGenerator,
  known: readonly string[] | undefined,
): readonly ShownLabel[] | null {
  const labels = askedLabels(network, label, known);
  if (labels === null) return null;
  if (columns !== undefined) {
    throw new ShadegradError('BAD_FLAG', '--columns is for networks without labels: others have a row for each', {
      expected: '--count, the pictures of each label',
      received: `--columns ${columns}`,
      fix: `write --count ${columns}`,
    });
  }
  const { names, asked } = labels;
  return (asked ?? [...names.keys()]).map((place) => ({ place, name: names[place]! }));
}

/** What is to be made, and of which random numbers. */
async function planPictures(
  maker: ImageMaker,
  { takes, makes: { size } }: NoiseGenerator,
  flags: GenerateFlags,
  labels: readonly ShownLabel[] | null,
): Promise<Picture[]> {
  const { as, seed, steps = STEPS } = flags;
  const isPath = as === 'strip' || as === 'frames';
  const count = flags.count ?? (isPath ? COUNTS.path : labels ? COUNTS.labelled : COUNTS.plain);
  const inAll = (isPath ? (count - 1) * steps + 1 : count) * (labels?.length ?? 1);
  if ((as === 'grid' || as === 'strip') && inAll * size * size > MOST_PIXELS) {
    throw new ShadegradError('BAD_FLAG', `Too much for one picture: ${inAll} images of ${size} x ${size} pixels`, {
      expected: `at most ${MOST_PIXELS} pixels with --as ${as}`,
      received: String(inAll * size * size),
      fix: `make fewer (--count), or ${as === 'grid' ? '--as images' : '--as frames'}`,
    });
  }
  const drawn = await maker.noise(seed, count);
  const noises = isPath ? path(drawn, steps, takes) : drawn;
  // The same random numbers for each label: what differs down a column is the label alone.
  const rows = (labels ?? [undefined]).map((label) => noises.map((noise): ImageOrder => ({ noise, label: label?.place })));
  const numbered = (index: number): string => String(index + 1).padStart(String(noises.length).length, '0');
  // Names of people's classes may be no names of files.
  const different = new Set(labels?.map(({ name }) => name.toLowerCase())).size;
  const areFileNames = labels?.every(({ name }) => /^[\w-]+$/.test(name)) && different === labels.length;
  const prefixes = labels?.map(({ place, name }) => `${areFileNames ? name : place}-`);
  switch (as) {
    case 'images':
      return rows.flatMap((row, at) =>
        row.map((order, index) => ({ file: `${prefixes?.[at] ?? ''}${numbered(index)}.png`, rows: [[order]] })),
      );
    case 'frames':
      return noises.map((_, index) => ({ file: `frame-${numbered(index)}.png`, rows: [rows.map((row) => row[index]!)] }));
    case 'strip':
      return [{ file: 'strip.png', rows }];
    case 'grid': {
      const columns = labels ? noises.length : (flags.columns ?? Math.ceil(Math.sqrt(noises.length)));
      const all = rows.flat();
      const lines = Array.from({ length: Math.ceil(all.length / columns) }, (_, line) => all.slice(line * columns, (line + 1) * columns));
      return [{ file: 'grid.png', rows: lines }];
    }
  }
}

/**
 * The given random numbers, and those on the way from each to the next: on an arc, where they are normally distributed; on a straight
 * line where they come from a range, which an arc would leave.
 */
function path(points: readonly Float32Array[], steps: number, { drawn }: NoiseInput): Float32Array[] {
  const line = (first: Float32Array, second: Float32Array, share: number): Float32Array =>
    first.map((value, index) => value + share * (second[index]! - value));
  const way = drawn === 'normal' ? slerp : line;
  const between = points
    .slice(1)
    .flatMap((next, index) => Array.from({ length: steps }, (_, step) => way(points[index]!, next, step / steps)));
  return [...between, points.at(-1)!];
}

/** Pictures in groups that fill a batch of the maker: each of a single image by itself would take a batch. */
function together(pictures: readonly Picture[]): Picture[][] {
  const groups: Picture[][] = [];
  let images = IMAGES_TOGETHER;
  for (const picture of pictures) {
    const own = picture.rows.flat().length;
    if (images + own > IMAGES_TOGETHER) {
      groups.push([]);
      images = 0;
    }
    groups.at(-1)!.push(picture);
    images += own;
  }
  return groups;
}

async function writeAll(pictures: readonly Picture[], maker: ImageMaker, output: string, gap: number): Promise<number> {
  const line = new StatusLine();
  const interrupt = new Interrupt(() => undefined);
  let done = 0;
  try {
    for (const some of together(pictures)) {
      if (interrupt.exitStatus !== undefined) break;
      const made = (await maker.make(some.flatMap(({ rows }) => rows.flat()))).values();
      for (const { file, rows } of some) {
        const laid = rows.map((row) => row.map((): RgbImage => made.next().value!));
        await writePng(join(output, file), laid.flat().length === 1 ? laid[0]![0]! : imageGrid(laid, { gap }));
        line.show(`made ${++done} of ${pictures.length}`);
      }
    }
  } finally {
    line.end();
    interrupt.dispose();
    const [first, last] = [pictures[0]!.file, pictures[Math.max(0, done - 1)]!.file];
    const named = done === 0 ? '' : `: ${first}${first === last ? '' : ` to ${last}`}`;
    remark(`${done} of ${pictures.length} pictures in ${printableName(output)}${named}`);
  }
  return interrupt.exitStatus ?? 0;
}

function required<Name extends 'weights' | 'output'>(flags: GenerateFlags, name: Name): NonNullable<GenerateFlags[Name]> {
  const value = flags[name];
  if (value !== undefined) return value;
  throw new ShadegradError('BAD_FLAG', `--${name} is missing`, { fix: `write ${GENERATE_PROGRAM.usage}` });
}
