import { realpath, stat } from 'node:fs/promises';
import { noGrad } from '../autograd/graph.js';
import { RandomStream } from '../data/random.js';
import { describeArchitecture } from '../exchange/describe-network.js';
import { loadNetwork } from '../exchange/load-network.js';
import type { NetworkWeights } from '../exchange/network-weights.js';
import { findNetwork, type FoundNetwork } from '../exchange/read-weights.js';
import { encodeWeights, type WritableFormat } from '../exchange/write-weights.js';
import type { PictFile } from '../formats/pict.js';
import type { WeightFile } from '../formats/weight-file.js';
import { ShadegradError } from '../gpu/errors.js';
import type { Gpu } from '../gpu/gpu.js';
import { UNet, type GeneratorMode } from '../models/unet.js';
import { elementCount } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import { openNodeGpu } from './adapter.js';
import { writeFileAtomic } from './files.js';
import { parseFlags, type FlagValues, type Program } from './flags.js';
import { formatBytes, formatNumber } from './format.js';
import { formatHelp } from './help.js';
import { takeOperands } from './operands.js';
import { createProgress } from './progress.js';
import { formatByName, openWeights } from './weights.js';

/** The command line of `shadegrad convert`. */
export const CONVERT_PROGRAM = {
  usage: 'shadegrad convert IN OUT [flags]',
  summary: 'Reads a network from a file of any format and writes it in another, by the endings of the names: .safetensors, .pict; model.json (TensorFlow.js) in only. Then runs both on the same input and compares.',
  flags: [
    { name: 'network', type: 'choice', choices: ['generator', 'discriminator'], description: 'which one, when IN holds both; by default the generator' },
    { name: 'dtype', type: 'choice', choices: ['f32', 'f16', 'bf16'], default: 'f32', description: 'type of the numbers in OUT; .pict has its own' },
    { name: 'layout', type: 'choice', choices: ['shadegrad', 'pytorch'], default: 'shadegrad', description: 'of a .safetensors file: pytorch writes the reference\'s state dict, for safetensors.torch.load_file' },
    { name: 'check', type: 'boolean', default: true, description: 'do not run the networks afterwards' },
    { name: 'adapter', type: 'string', placeholder: 'NAME', description: 'to run them on: auto, hardware, software, lavapipe, swiftshader, or part of an adapter\'s name' },
  ],
  examples: [
    { command: 'shadegrad convert model.json facades.safetensors --dtype f16', description: 'A model of the TensorFlow tutorial, at half the size:' },
    { command: 'shadegrad convert runs/facades/checkpoint.safetensors latest_net_G.safetensors --layout pytorch', description: 'The generator of a training run, for PyTorch:' },
  ],
} as const satisfies Program;

type ConvertFlags = FlagValues<typeof CONVERT_PROGRAM>;

/** Largest mean difference of outputs in [-1, 1] that the format's own rounding explains. */
const AGREEMENT = { f32: 1e-5, f16: 2e-2, bf16: 0.1, pict: 0.25 } as const;
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
  const { values: flags, help } = parseFlags(CONVERT_PROGRAM, rest);
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
  throw new ShadegradError('BAD_FLAG', `${path} cannot be written`, { expected: 'a name ending in .safetensors or .pict', fix: 'choose one of these endings' });
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
