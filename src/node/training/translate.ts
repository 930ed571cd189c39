import { realpath, stat } from 'node:fs/promises';
import { basename, extname, join, resolve } from 'node:path';
import { splitPair, type RgbImage } from '../../data/image.js';
import { describeArchitecture } from '../../exchange/describe-network.js';
import { buildNetwork, loadNetwork } from '../../exchange/load-network.js';
import { findNetwork, type FoundNetwork } from '../../exchange/read-weights.js';
import { printableName } from '../../formats/names.js';
import { ShadegradError } from '../../gpu/errors.js';
import type { Gpu } from '../../gpu/gpu.js';
import { UNet } from '../../models/unet.js';
import { Translator } from '../../training/translator.js';
import { openNodeGpu } from '../adapter.js';
import { listImages } from '../dataset.js';
import { parseFlags, type FlagValues, type Program } from '../flags.js';
import { formatHelp } from '../help.js';
import { readImage, writePng } from '../images.js';
import { reportError } from '../run-main.js';
import { openWeights } from '../weights.js';
import { Interrupt } from './interrupt.js';
import { StatusLine } from './status-line.js';

export const TRANSLATE_PROGRAM = {
  usage: 'node examples/translate.js --weights FILE --input FILE|DIR --output DIR [flags]',
  summary: 'Translates images of any size (JPEG, PNG, WebP, TIFF, AVIF, GIF, BMP) with a generator that examples/train-facades.js trained, or one of PyTorch, TensorFlow or a browser demo. Each result is a PNG of the generator\'s size under the image\'s own name.',
  flags: [
    { name: 'weights', type: 'string', placeholder: 'FILE', description: 'checkpoint.safetensors of a training run, a .pth of the PyTorch reference (latest_net_G.pth), another .safetensors, a .pict, or a TensorFlow.js model.json' },
    { name: 'input', type: 'string', placeholder: 'FILE|DIR', description: 'an image, or a folder of images' },
    { name: 'output', type: 'string', placeholder: 'DIR', description: 'folder for the results; made if missing, files of the same name are replaced' },
    { name: 'half', type: 'choice', choices: ['left', 'right'], description: 'the images are side-by-side pairs: translate this half of each' },
    { name: 'seed', type: 'integer', min: 0, max: 0xffff_ffff, default: 0, description: 'chooses the dropout masks, so the variant of each result' },
    { name: 'statistics', type: 'choice', choices: ['batch', 'running'], description: 'what the norms use: batch, each image\'s own, or running, those of the training; by default as the file\'s makers do' },
    { name: 'dropout', type: 'boolean', default: true, description: 'no dropout: one result whatever the seed, a little smoother' },
    { name: 'adapter', type: 'string', placeholder: 'NAME', description: 'auto, hardware, software, lavapipe, swiftshader, or part of an adapter\'s name' },
  ],
  examples: [
    { command: 'node examples/translate.js --weights runs/facades/checkpoint.safetensors --input labels/ --output photos/', description: 'A folder of label maps:' },
    { command: 'node examples/translate.js --weights runs/facades/checkpoint.safetensors --input facades/test --half right --output photos/', description: 'The label halves of pairs:' },
  ],
} as const satisfies Program;

type TranslateFlags = FlagValues<typeof TRANSLATE_PROGRAM>;

interface Job {
  input: string;
  output: string;
}

/**
 * The program of `examples/translate.js`. A file that cannot be translated is reported and the rest still done.
 *
 * @param argv the arguments alone, that is `process.argv.slice(2)`
 * @returns the exit status: 0, 1 if a file failed, or 130 after Ctrl-C and 143 after SIGTERM
 * @throws ShadegradError for whatever concerns all files
 */
export async function translateImages(argv: readonly string[]): Promise<number> {
  const { values: flags, help } = parseFlags(TRANSLATE_PROGRAM, argv);
  if (help) {
    process.stdout.write(formatHelp(TRANSLATE_PROGRAM));
    return 0;
  }
  const weights = required(flags, 'weights');
  const jobs = await listJobs(required(flags, 'input'), required(flags, 'output'));
  const { file, close } = await openWeights(weights);
  try {
    const found = findNetwork(file, 'generator');
    const { gpu, adapterChoice } = await openNodeGpu(flags.adapter === undefined ? {} : { adapter: flags.adapter });
    try {
      console.log(adapterChoice.summary);
      const generator = await loadGenerator(gpu, found, weights);
      // A network that was trained without dropout has none now.
      const translator = await Translator.create(gpu, generator, { dropout: flags.dropout, statistics: flags.statistics ?? found.statistics });
      return await translateAll(jobs, flags, (image) => translator.translate(image, flags.seed));
    } finally {
      gpu.destroy();
    }
  } finally {
    await close();
  }
}

/** @throws WEIGHTS_UNSUPPORTED for a generator that is not one of colour pictures */
async function loadGenerator(gpu: Gpu, { weights: { architecture, tensors } }: FoundNetwork, path: string): Promise<UNet> {
  const network = buildNetwork(architecture);
  if (!(network instanceof UNet) || network.inChannels !== 3 || network.outChannels !== 3) {
    throw new ShadegradError('WEIGHTS_UNSUPPORTED', `${path} is no generator of colour pictures`, { expected: 'a U-Net of 3 -> 3 channels', received: describeArchitecture(architecture), fix: 'name the weights of another one' });
  }
  return (await loadNetwork(gpu, { architecture, tensors })) as UNet;
}

async function translateAll(jobs: readonly Job[], { half, output }: TranslateFlags, translate: (image: RgbImage) => Promise<RgbImage>): Promise<number> {
  const line = new StatusLine();
  const interrupt = new Interrupt(() => undefined);
  let done = 0;
  let failed = 0;
  try {
    for (const job of jobs) {
      if (interrupt.exitStatus !== undefined) break;
      try {
        await writePng(job.output, await translate(halfOf(await readImage(job.input), job.input, half)));
        done++;
      } catch (error) {
        if (!concernsOneFile(error)) throw error;
        line.end();
        reportError(error);
        failed++;
      }
      line.show(`translated ${done} of ${jobs.length}`);
    }
  } finally {
    line.end();
    interrupt.dispose();
  }
  console.log(`${done} of ${jobs.length} images translated into ${output}${failed > 0 ? `; ${failed} could not be` : ''}`);
  return interrupt.exitStatus ?? (failed > 0 ? 1 : 0);
}

function halfOf(image: RgbImage, name: string, half: 'left' | 'right' | undefined): RgbImage {
  if (half === undefined) return image;
  const { a, b } = splitPair(image, name);
  return half === 'left' ? a : b;
}

/** A full disk or a lost device would fail for every other file, too. */
function concernsOneFile(error: unknown): boolean {
  return error instanceof ShadegradError && ['IMAGE_CORRUPT', 'IMAGE_UNSUPPORTED', 'IMAGE_SIZE', 'DATA_NOT_FOUND', 'DATA_UNREADABLE'].includes(error.code);
}

function required(flags: TranslateFlags, name: 'weights' | 'input' | 'output'): string {
  const value = flags[name];
  if (value !== undefined) return value;
  throw new ShadegradError('BAD_FLAG', `--${name} is missing`, { fix: `write ${TRANSLATE_PROGRAM.usage}` });
}

async function listJobs(input: string, output: string): Promise<Job[]> {
  const kind = await stat(input).catch(() => undefined);
  const files = kind?.isDirectory() ? (await listImages(input, (others) => console.log(`left out of ${printableName(input)}: ${others}`))).map((name) => join(input, name)) : [input];
  if (kind === undefined) throw new ShadegradError('DATA_NOT_FOUND', `There is no file or folder ${input}`, { fix: 'Check the path given with --input.' });
  const jobs = files.map((file) => ({ input: file, output: join(output, `${basename(file, extname(file))}.png`) }));
  await refuseOverwrites(jobs);
  return jobs;
}

/** @throws BAD_FLAG when a result would take the place of an input, or of another result */
async function refuseOverwrites(jobs: readonly Job[]): Promise<void> {
  const inputs = new Map(await Promise.all(jobs.map(async ({ input }) => [await realPath(input), input] as const)));
  const taken = new Map<string, string>();
  for (const { input, output } of jobs) {
    const target = await realPath(output);
    const overwritten = inputs.get(target);
    if (overwritten !== undefined) {
      throw new ShadegradError('BAD_FLAG', `The result for ${input} would be written over ${overwritten}`, { fix: 'name another folder with --output' });
    }
    const other = taken.get(target);
    if (other !== undefined) {
      throw new ShadegradError('BAD_FLAG', `The results for ${other} and ${input} would have the same name`, { received: output, fix: 'rename one of them, or move it to another folder' });
    }
    taken.set(target, input);
  }
}

/** Without links; of a file that is not there yet, in its folder's real place. */
async function realPath(path: string): Promise<string> {
  return realpath(path).catch(async () => {
    const folder = await realpath(join(path, '..')).catch(() => resolve(path, '..'));
    return join(folder, basename(path));
  });
}
