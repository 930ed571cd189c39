import { realpath, stat } from 'node:fs/promises';
import { noGrad } from '../autograd/graph.js';
import { RandomStream } from '../data/random.js';
import { describeArchitecture } from '../exchange/describe-network.js';
import { loadNetwork } from '../exchange/load-network.js';
import type { NetworkWeights } from '../exchange/network-weights.js';
import { findNetwork, findRun, type FoundNetwork } from '../exchange/read-weights.js';
import { differingTensors, encodeRunCheckpoint, ROLES, type TrainingRun } from '../exchange/training-run.js';
import { checkReference, encodeWeights, type WritableFormat } from '../exchange/write-weights.js';
import { runForPyTorch } from '../exchange/pytorch-run.js';
import type { PictFile } from '../formats/pict.js';
import { encodePyTorch } from '../formats/pytorch-write.js';
import type { WeightFile } from '../formats/weight-file.js';
import { ShadegradError } from '../gpu/errors.js';
import type { Gpu } from '../gpu/gpu.js';
import { UNet, type GeneratorMode } from '../models/unet.js';
import { elementCount } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import { openNodeGpu } from './adapter.js';
import { writeFileAtomic } from './files.js';
import { parseFlags, type FlagValues, type Program } from './flags.js';
import { formatBytes, formatCount, formatNumber } from './format.js';
import { formatHelp } from './help.js';
import { takeOperands } from './operands.js';
import { createProgress } from './progress.js';
import { savedLearningRate } from './training/settings.js';
import { formatByName, openWeights } from './weights.js';

/** The command line of `shadegrad convert`. */
export const CONVERT_PROGRAM = {
  usage: 'shadegrad convert IN OUT [flags]',
  summary: 'Reads a network from a file of any format and writes it in another, by the endings of the names: .safetensors, .pth, .pict; model.json (TensorFlow.js) in only. Then runs both on the same input and compares.',
  flags: [
    { name: 'network', type: 'choice', choices: ['generator', 'discriminator'], description: 'which one, when IN holds both; by default the generator' },
    { name: 'dtype', type: 'choice', choices: ['f32', 'f16', 'bf16'], default: 'f32', description: 'type of the numbers in OUT; .pict has its own' },
    { name: 'layout', type: 'choice', choices: ['shadegrad', 'pytorch'], default: 'shadegrad', description: 'of a .safetensors file: pytorch writes the reference\'s state dict, for safetensors.torch.load_file' },
    { name: 'run', type: 'boolean', description: 'the whole training run, both networks with their optimisers: from a checkpoint to a .pth that PyTorch goes on from, or from there to a checkpoint' },
    { name: 'check', type: 'boolean', default: true, description: 'do not run the networks afterwards' },
    { name: 'adapter', type: 'string', placeholder: 'NAME', description: 'to run them on: auto, hardware, software, lavapipe, swiftshader, or part of an adapter\'s name' },
  ],
  examples: [
    { command: 'shadegrad convert model.json facades.safetensors --dtype f16', description: 'A model of the TensorFlow tutorial, at half the size:' },
    { command: 'shadegrad convert runs/facades/checkpoint.safetensors latest_net_G.pth', description: 'The generator of a training run, for PyTorch:' },
    { command: 'shadegrad convert runs/facades/checkpoint.safetensors run.pth --run', description: 'All of the run, so that PyTorch can go on with it:' },
  ],
} as const satisfies Program;

type ConvertFlags = FlagValues<typeof CONVERT_PROGRAM>;

/** Largest mean difference of outputs in [-1, 1] that the format's own rounding explains. */
const AGREEMENT = { f32: 1e-5, f16: 2e-2, bf16: 0.1, pict: 0.25 } as const;
/** Of Adam in pix2pix, where a run does not say. */
const PAPERS_RATE = 2e-4;
/** Smallest image that every PatchGAN judges: its last two layers need some pixels. */
const PATCHES = 8;

/**
 * The program of `shadegrad convert`.
 *
 * @param argv the arguments after "convert"
 * @returns the exit status
 * @throws ShadegradError; OUT is then as it was, but for WEIGHTS_MISMATCH of the comparison afterwards
 */
export async function convertWeights(argv: readonly string[]): Promise<number> {
  const { operands, rest } = takeOperands(argv);
  const { values: flags, given, help } = parseFlags(CONVERT_PROGRAM, rest);
  if (help) {
    process.stdout.write(formatHelp(CONVERT_PROGRAM));
    return 0;
  }
  const [input, output] = operands;
  if (operands.length !== 2) throw new ShadegradError('BAD_FLAG', `${operands.length} file names`, { expected: 'the file to read and the file to write', fix: `write ${CONVERT_PROGRAM.usage}` });
  const format = outputFormat(output!);
  await refuseOverwrite(input!, output!);
  const { file, close } = await openWeights(input!);
  try {
    if (flags.run) return await convertRun(file, output!, format, flags, given);
    const found = findNetwork(file, flags.network);
    console.log(`${input}: ${describeArchitecture(found.weights.architecture)} (${found.origin})`);
    await writeNetwork(found, file, output!, format, flags);
    console.log(`${output}: ${formatBytes((await stat(output!)).size)}`);
    if (flags.check) await check(found, output!, format, flags);
  } finally {
    await close();
  }
  return 0;
}

function outputFormat(path: string): WritableFormat {
  const format = formatByName(path);
  if (format === 'safetensors' || format === 'pytorch' || format === 'pict') return format;
  throw new ShadegradError('BAD_FLAG', `${path} cannot be written`, { expected: 'a name ending in .safetensors, .pth or .pict', fix: 'choose one of these endings' });
}

async function refuseOverwrite(input: string, output: string): Promise<void> {
  const [from, to] = await Promise.all([input, output].map((path) => realpath(path).catch(() => null)));
  if (from !== null && from === to) throw new ShadegradError('BAD_FLAG', `${output} would be written over itself`, { fix: 'name another file to write' });
}

async function writeNetwork(found: FoundNetwork, file: WeightFile, output: string, format: WritableFormat, { dtype, layout }: ConvertFlags): Promise<void> {
  const megabytes = Math.ceil([...found.weights.tensors.values()].reduce((sum, { shape }) => sum + elementCount(shape) * 4, 0) / 2 ** 20);
  const progress = createProgress({ total: megabytes, label: 'converting (MiB)' });
  let bytes = 0;
  const weights = watched(found.weights, (read) => progress.update(Math.min(megabytes, Math.floor((bytes += read) / 2 ** 20))));
  // A model that was in this format before keeps its 256 values, and so every number.
  const codebook = file.format === 'pict' ? (file as PictFile).codebook : undefined;
  try {
    await writeFileAtomic(output, encodeWeights({ ...found, weights }, format, { dtype, layout, codebook }));
    progress.update(megabytes);
  } finally {
    progress.stop();
  }
}

/** Writes a run in the other program's form, reads it again and compares every number. */
async function convertRun(file: WeightFile, output: string, format: WritableFormat, { check: checked }: ConvertFlags, given: ReadonlySet<string>): Promise<number> {
  const others = ['network', 'dtype', 'layout', 'adapter'].filter((name) => given.has(name));
  if (others.length > 0 || format === 'pict') {
    throw new ShadegradError('BAD_FLAG', '--run keeps all of a run as it is', {
      expected: 'a .pth or a .safetensors to write, and no other flag about its contents',
      received: [...others.map((name) => `--${name}`), ...(format === 'pict' ? [output] : [])].join(', '),
      fix: 'leave out --run to convert one network',
    });
  }
  const run = await findRun(file);
  for (const role of ROLES) console.log(`${file.name}: ${describeArchitecture(run[role].architecture)}`);
  const { step, options } = run.info;
  console.log(`after ${formatCount(step)} steps`);
  await writeFileAtomic(output, format === 'pytorch' ? encodePyTorch(forPyTorch(run)) : encodeRunCheckpoint(run));
  console.log(`${output}: ${formatBytes((await stat(output)).size)}`);
  if (format === 'safetensors' && savedLearningRate(options, step) === null) {
    console.log(`train with it: shadegrad train --from ${output}`);
  }
  if (!checked) return 0;
  const written = await openWeights(output);
  try {
    const differing = await differingTensors(run, await findRun(written.file));
    if (differing.length > 0) {
      throw new ShadegradError('WEIGHTS_MISMATCH', `${output}: the run is not the one it was made from`, { expected: 'the same numbers', received: `others in ${differing.slice(0, 3).join(', ')}`, fix: 'do not use this file' });
    }
  } finally {
    await written.close();
  }
  console.log('every number of both networks and their optimisers agrees');
  return 0;
}

function forPyTorch(run: TrainingRun): ReturnType<typeof runForPyTorch> {
  for (const role of ROLES) checkReference(run[role]);
  const { options, step } = run.info;
  return runForPyTorch(run, savedLearningRate(options, step) ?? (typeof options.learningRate === 'number' ? options.learningRate : PAPERS_RATE));
}

/** The same weights; says how many bytes each tensor has that is read. */
function watched({ architecture, tensors }: NetworkWeights, onRead: (bytes: number) => void): NetworkWeights {
  return {
    architecture,
    tensors: new Map([...tensors].map(([name, tensor]) => [name, {
      shape: tensor.shape,
      read: async () => {
        const values = await tensor.read();
        onRead(values.byteLength);
        return values;
      },
    }])),
  };
}

/** Reads what was written, runs both and says how far apart they are. @throws WEIGHTS_MISMATCH when that is too far */
async function check(found: FoundNetwork, output: string, format: WritableFormat, { dtype, adapter }: ConvertFlags): Promise<void> {
  const written = await openWeights(output);
  const { gpu, adapterChoice } = await openNodeGpu(adapter === undefined ? {} : { adapter });
  try {
    console.log(adapterChoice.summary);
    const before = await outputOf(gpu, found);
    const after = await outputOf(gpu, findNetwork(written.file, found.role));
    const { mean, largest } = differences(before, after);
    const allowed = AGREEMENT[format === 'pict' ? 'pict' : dtype];
    const apart = `mean difference ${formatNumber(mean)}, largest ${formatNumber(largest)}`;
    if (!(mean <= allowed)) {
      throw new ShadegradError('WEIGHTS_MISMATCH', `${output}: the network computes something else than the one it was made from`, {
        expected: `a mean difference of at most ${allowed}`, received: apart, fix: 'do not use this file; another --dtype may do',
      });
    }
    console.log(`outputs agree: ${apart}`);
  } finally {
    gpu.destroy();
    await written.close();
  }
}

/** What a network makes of an image of noise that is always the same. */
async function outputOf(gpu: Gpu, { weights, statistics }: FoundNetwork): Promise<Float32Array> {
  const network = await loadNetwork(gpu, weights);
  const side = network instanceof UNet ? network.size : PATCHES * 2 ** network.layers;
  const random = new RandomStream(1);
  const shape = [1, side, side, network.inChannels];
  const input = Tensor.from(gpu, Float32Array.from({ length: elementCount(shape) }, () => 2 * random.uniform() - 1), shape).keep();
  const output = gpu.scope(() => noGrad(() => network.forward(input, { training: false, dropout: false, statistics } satisfies GeneratorMode)));
  const values = await output.data();
  for (const part of [output, input, network]) part.dispose();
  gpu.trim();
  return values;
}

function differences(a: Float32Array, b: Float32Array): { mean: number; largest: number } {
  if (a.length !== b.length) return { mean: Infinity, largest: Infinity };
  let sum = 0;
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!);
    sum += difference;
    // Not Math.max alone: what is no number must not pass as no difference.
    largest = Number.isNaN(difference) ? NaN : Math.max(largest, difference);
  }
  return { mean: sum / a.length, largest };
}
