import { realpath, stat } from 'node:fs/promises';
import { describeArchitecture } from '../exchange/describe-network.js';
import type { NetworkWeights } from '../exchange/network-weights.js';
import { findNetwork, type FoundNetwork } from '../exchange/read-weights.js';
import { encodeWeights, type WritableFormat } from '../exchange/write-weights.js';
import type { PictFile } from '../formats/pict.js';
import type { WeightFile } from '../formats/weight-file.js';
import { ShadegradError } from '../gpu/errors.js';
import { elementCount } from '../tensor/shape.js';
import { checkOutputs } from './convert-check.js';
import { convertRun } from './convert-run.js';
import { writeFileAtomic } from './files.js';
import { parseFlags, type FlagValues, type Program } from './flags.js';
import { formatBytes } from './format.js';
import { formatHelp } from './help.js';
import { writeOnnx } from './onnx.js';
import { takeOperands } from './operands.js';
import { createProgress } from './progress.js';
import { formatByName, openWeights } from './weights.js';

/** The command line of `shadegrad convert`. */
export const CONVERT_PROGRAM = {
  usage: 'shadegrad convert IN OUT [flags]',
  summary: 'Reads a network from a file of any format and writes it in another, by the endings of the names: .safetensors, .pth, .pict; model.json (TensorFlow.js) in only, .onnx out only. Then runs both on the same input and compares.',
  flags: [
    { name: 'network', type: 'choice', choices: ['generator', 'discriminator'], description: 'which one, when IN holds both; by default the generator' },
    { name: 'dtype', type: 'choice', choices: ['f32', 'f16', 'bf16'], default: 'f32', description: 'type of the numbers in OUT; .pict has its own, .onnx has no bf16' },
    { name: 'layout', type: 'choice', choices: ['shadegrad', 'pytorch'], default: 'shadegrad', description: 'of a .safetensors file: pytorch writes the reference\'s state dict, for safetensors.torch.load_file' },
    { name: 'batch', type: 'string', placeholder: 'N|dynamic', description: 'images that an .onnx model takes at a time; by default dynamic, as many as come' },
    { name: 'external', type: 'boolean', description: 'put the weights of an .onnx model into a file of their own beside it, of its name with .data after it' },
    { name: 'run', type: 'boolean', description: 'the whole training run, both networks with their optimisers: from a checkpoint to a .pth that PyTorch goes on from, or from there to a checkpoint' },
    { name: 'check', type: 'boolean', default: true, description: 'do not run the networks afterwards' },
    { name: 'adapter', type: 'string', placeholder: 'NAME', description: 'to run them on: auto, hardware, software, lavapipe, swiftshader, or part of an adapter\'s name' },
  ],
  examples: [
    { command: 'shadegrad convert model.json facades.safetensors --dtype f16', description: 'A model of the TensorFlow tutorial, at half the size:' },
    { command: 'shadegrad convert runs/facades/checkpoint.safetensors latest_net_G.pth', description: 'The generator of a training run, for PyTorch:' },
    { command: 'shadegrad convert runs/facades/checkpoint.safetensors facades.onnx', description: 'For ONNX Runtime and whatever else runs ONNX:' },
    { command: 'shadegrad convert runs/facades/checkpoint.safetensors run.pth --run', description: 'All of the run, so that PyTorch can go on with it:' },
  ],
} as const satisfies Program;

export type ConvertFlags = FlagValues<typeof CONVERT_PROGRAM>;

export type OutputFormat = WritableFormat | 'onnx';

const batchSize = (value: string): string | undefined => (value === 'dynamic' || /^[1-9]\d{0,3}$/.test(value) ? undefined : 'dynamic, or a whole number from 1 to 9999');

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
  if (!flags.run) checkTogether(output!, format, flags, given);
  await refuseOverwrite(input!, output!);
  const { file, close } = await openWeights(input!);
  try {
    if (flags.run) return await convertRun(file, output!, format, flags, given);
    const found = findNetwork(file, flags.network);
    console.log(`${input}: ${describeArchitecture(found.weights.architecture)} (${found.origin})`);
    const written = await writeNetwork(found, file, output!, format, flags);
    for (const path of written) console.log(`${path}: ${formatBytes((await stat(path)).size)}`);
    if (flags.check) await checkOutputs(found, output!, format, flags);
  } finally {
    await close();
  }
  return 0;
}

function outputFormat(path: string): OutputFormat {
  const format = formatByName(path);
  if (format === 'safetensors' || format === 'pytorch' || format === 'pict' || format === 'onnx') return format;
  throw new ShadegradError('BAD_FLAG', `${path} cannot be written`, { expected: 'a name ending in .safetensors, .pth, .pict or .onnx', fix: 'choose one of these endings' });
}

/** @throws BAD_FLAG for flags that are not of the format to write */
function checkTogether(output: string, format: OutputFormat, { batch, dtype }: ConvertFlags, given: ReadonlySet<string>): void {
  const refused = (name: string, expected: string): ShadegradError =>
    new ShadegradError('BAD_FLAG', `--${name} does not go with ${output}`, { expected, received: `--${name}`, fix: `leave out --${name}` });
  if (format !== 'safetensors' && given.has('layout')) throw refused('layout', 'a .safetensors to write');
  if (format === 'pict' && given.has('dtype')) throw refused('dtype', 'another format: the numbers of a .pict have 8 bits');
  if (format === 'onnx' && dtype === 'bf16') throw refused('dtype bf16', '--dtype f32 or f16');
  for (const name of ['batch', 'external']) if (format !== 'onnx' && given.has(name)) throw refused(name, 'an .onnx to write');
  const wanted = batch === undefined ? undefined : batchSize(batch);
  if (wanted !== undefined) throw new ShadegradError('BAD_FLAG', 'Bad value for --batch', { expected: wanted, received: batch!.slice(0, 40), fix: 'write --batch 1, or --batch dynamic' });
}

async function refuseOverwrite(input: string, output: string): Promise<void> {
  const [from, to] = await Promise.all([input, output].map((path) => realpath(path).catch(() => null)));
  if (from !== null && from === to) throw new ShadegradError('BAD_FLAG', `${output} would be written over itself`, { fix: 'name another file to write' });
}

/** @returns the files written */
async function writeNetwork(found: FoundNetwork, file: WeightFile, output: string, format: OutputFormat, { dtype, layout, batch, external }: ConvertFlags): Promise<string[]> {
  const megabytes = Math.ceil([...found.weights.tensors.values()].reduce((sum, { shape }) => sum + elementCount(shape) * 4, 0) / 2 ** 20);
  const progress = createProgress({ total: megabytes, label: 'converting (MiB)' });
  let bytes = 0;
  const weights = watched(found.weights, (read) => progress.update(Math.min(megabytes, Math.floor((bytes += read) / 2 ** 20))));
  // A model that was in this format before keeps its 256 values, and so every number.
  const codebook = file.format === 'pict' ? (file as PictFile).codebook : undefined;
  try {
    if (format === 'onnx') {
      const images = batch === undefined || batch === 'dynamic' ? 'dynamic' : Number(batch);
      return await writeOnnx({ ...found, weights }, output, { dtype: dtype === 'f16' ? 'f16' : 'f32', batch: images, external });
    }
    await writeFileAtomic(output, encodeWeights({ ...found, weights }, format, { dtype, layout, codebook }));
    progress.update(megabytes);
    return [output];
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
