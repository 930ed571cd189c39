import { describeArchitecture } from '../exchange/describe-network.js';
import { findRun, hasRun, networksIn, type FoundNetwork } from '../exchange/read-weights.js';
import { STORED_DTYPE_BYTES } from '../formats/half.js';
import type { StoredTensor, WeightFile } from '../formats/weight-file.js';
import { ShadegradError } from '../gpu/errors.js';
import { elementCount, formatShape } from '../tensor/shape.js';
import { parseFlags, type Program } from './flags.js';
import { formatBytes, formatCount } from './format.js';
import { formatHelp } from './help.js';
import { takeOperands } from './operands.js';
import { openWeights } from './weights.js';

/** The command line of `shadegrad inspect`. */
export const INSPECT_PROGRAM = {
  usage: 'shadegrad inspect FILE [flags]',
  summary: 'Says what is in a file of weights (.safetensors and its index, .pth, .pict, a TensorFlow.js model.json): format, every tensor, metadata, and the networks that can be run here.',
  flags: [{ name: 'tensors', type: 'boolean', default: true, description: 'leave out the list of tensors' }],
  examples: [{ command: 'shadegrad inspect latest_net_G.pth', description: 'A generator of the PyTorch reference:' }],
} as const satisfies Program;

const FORMAT_NAMES: Record<WeightFile['format'], string> = { safetensors: 'safetensors', pytorch: 'PyTorch', pict: 'pict (TensorFlow pix2pix in browsers)', 'tfjs-layers': 'TensorFlow.js layers model' };
const LONGEST_VALUE = 300;
/** What a terminal might take for a command, or show as another line. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/**
 * The program of `shadegrad inspect`.
 *
 * @param argv the arguments after "inspect"
 * @returns the exit status
 * @throws ShadegradError DATA_NOT_FOUND, WEIGHTS_CORRUPT and others
 */
export async function inspectWeights(argv: readonly string[]): Promise<number> {
  const { operands, rest } = takeOperands(argv);
  const { values: flags, help } = parseFlags(INSPECT_PROGRAM, rest);
  if (help) {
    process.stdout.write(formatHelp(INSPECT_PROGRAM));
    return 0;
  }
  if (operands.length !== 1) throw new ShadegradError('BAD_FLAG', `${operands.length} files to inspect`, { expected: 'one', fix: `write ${INSPECT_PROGRAM.usage}` });
  const { file, close } = await openWeights(operands[0]!);
  try {
    process.stdout.write(`${[...describeFile(file, flags.tensors), ...(await runLines(file))].join('\n')}\n`);
  } finally {
    await close();
  }
  return 0;
}

/** The lines that `shadegrad inspect` prints. */
export function describeFile(file: WeightFile, withTensors = true): string[] {
  const tensors = [...file.tensors.values()];
  const total = (count: (tensor: StoredTensor) => number): number => tensors.reduce((sum, tensor) => sum + count(tensor), 0);
  const numbers = total(({ shape }) => elementCount(shape));
  const bytes = total(({ shape, dtype }) => elementCount(shape) * STORED_DTYPE_BYTES[dtype]);
  const lines = [`${file.name}: ${FORMAT_NAMES[file.format]}, ${formatCount(tensors.length)} tensors, ${formatCount(numbers)} numbers, ${formatBytes(bytes)}`];
  if (withTensors) lines.push('', ...tensorTable(tensors));
  if (file.metadata.size > 0) lines.push('', 'metadata:', ...[...file.metadata].map(([key, value]) => `  ${printable(key)}: ${printable(value)}`));
  return [...lines, '', ...networkLines(file)];
}

function tensorTable(tensors: readonly StoredTensor[]): string[] {
  const rows = tensors.map(({ name, shape, dtype }) => [printable(name), formatShape(shape), dtype]);
  const widths = [0, 1].map((column) => Math.max(0, ...rows.map((row) => row[column]!.length)));
  return rows.map(([name, shape, dtype]) => `  ${name!.padEnd(widths[0]!)}  ${shape!.padEnd(widths[1]!)}  ${dtype}`);
}

function networkLines(file: WeightFile): string[] {
  try {
    return networksIn(file).map((network) => `${network.role}: ${describeArchitecture(network.weights.architecture)}${originOf(network)}`);
  } catch (error) {
    // What is no network can be listed all the same.
    if (!(error instanceof ShadegradError) || !error.code.startsWith('WEIGHTS_')) throw error;
    return [`no network that can be run here: ${error.message}`];
  }
}

/** What `shadegrad inspect` prints of the training run in a file, if there is one. */
export async function runLines(file: WeightFile): Promise<string[]> {
  if (!hasRun(file)) return [];
  try {
    const { step, epoch, generatorSteps, discriminatorSteps, options } = (await findRun(file)).info;
    const told = Object.entries(options).map(([name, value]) => `${name} ${String(value)}`).join(', ');
    return [
      `training run: step ${formatCount(step)}, epoch ${formatCount(epoch)}; Adam of the generator after ${formatCount(generatorSteps)} steps, of the discriminator after ${formatCount(discriminatorSteps)}`,
      ...(told === '' ? [] : [`  options: ${printable(told)}`]),
    ];
  } catch (error) {
    if (!(error instanceof ShadegradError) || !error.code.startsWith('WEIGHTS_')) throw error;
    return [`no training run to go on from: ${error.message}`];
  }
}

function originOf({ origin, prefix, statistics }: FoundNetwork): string {
  const norms = statistics === 'running' ? '; norms use running statistics' : '';
  return ` (${origin}${prefix === '' ? '' : `, names begin with ${printable(JSON.stringify(prefix))}`}${norms})`;
}

/** A text out of a file, on one line of a terminal. */
export function printable(text: string): string {
  const shown = text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}... (${formatCount(text.length)} characters)` : text;
  return shown.replace(UNPRINTABLE, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
}
