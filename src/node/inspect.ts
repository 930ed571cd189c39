import { describeArchitecture } from '../exchange/describe-network.js';
import { findRun, hasRun, surveyNetworks, type FoundNetwork } from '../exchange/read-weights.js';
import { describeIndex, findBadNumber, holdsSquares } from '../formats/finite.js';
import { STORED_DTYPE_BYTES } from '../formats/half.js';
import type { StoredTensor, WeightFile } from '../formats/weight-file.js';
import { oneLine } from '../formats/names.js';
import { ShadegradError } from '../gpu/errors.js';
import { elementCount, formatShape } from '../tensor/shape.js';
import { parseFlags, type Program } from './flags.js';
import { formatBytes, formatCount } from './format.js';
import { formatHelp } from './help.js';
import { takeOperands } from './operands.js';
import { openWeights } from './weights.js';
import { sayChosen } from './weights-folder.js';

/** The command line of `shadegrad inspect`. */
export const INSPECT_PROGRAM = {
  usage: 'shadegrad inspect FILE|FOLDER [flags]',
  summary:
    'Says what is in a file of weights (.safetensors and its index, .pth, .pict, a TensorFlow.js model.json): format, every tensor, ' +
    'metadata, the networks that can be run here, and whether all numbers are finite.',
  flags: [
    { name: 'tensors', type: 'boolean', default: true, description: 'leave out the list of tensors' },
    { name: 'numbers', type: 'boolean', default: true, description: 'do not read the numbers, to see whether all are finite' },
  ],
  examples: [{ command: 'npx shadegrad inspect latest_net_G.pth', description: 'A generator of the PyTorch reference:' }],
} as const satisfies Program;

const FORMAT_NAMES: Record<WeightFile['format'], string> = { safetensors: 'safetensors', pytorch: 'PyTorch', pict: 'pict (TensorFlow pix2pix in browsers)', 'tfjs-layers': 'TensorFlow.js layers model' };
const LONGEST_VALUE = 300;

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
  if (operands.length !== 1) throw new ShadegradError('BAD_FLAG', `${operands.length} files to inspect`, {
    expected: 'one', received: oneLine(operands.join(', '), 120) || 'none', fix: `write ${INSPECT_PROGRAM.usage}`,
  });
  const opened = await openWeights(operands[0]!);
  const { file, close } = opened;
  try {
    sayChosen(operands[0]!, opened);
    const lines = [...describeFile(file, flags.tensors), ...(await runLines(file)), ...(flags.numbers ? await numberLines(file) : [])];
    process.stdout.write(`${lines.join('\n')}\n`);
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

/** An error without its advice, which is for whoever wants to run the file. */
const inWords = ({ what, expected, received }: ShadegradError): string =>
  [what, expected && `  expected: ${expected}`, received && `  received: ${received}`].filter((line) => line).join('\n');

function tensorTable(tensors: readonly StoredTensor[]): string[] {
  const rows = tensors.map(({ name, shape, dtype }) => [printable(name), formatShape(shape), dtype]);
  const widths = [0, 1].map((column) => Math.max(0, ...rows.map((row) => row[column]!.length)));
  return rows.map(([name, shape, dtype]) => `  ${name!.padEnd(widths[0]!)}  ${shape!.padEnd(widths[1]!)}  ${dtype}`);
}

function networkLines(file: WeightFile): string[] {
  try {
    const { found, refused } = surveyNetworks(file);
    return [
      ...found.map((network) => `${network.role}: ${describeArchitecture(network.weights.architecture)}${originOf(network)}`),
      ...refused.map(({ role, error }) => `no ${role} that can be run here: ${inWords(error)}`),
    ];
  } catch (error) {
    // What is no network can be listed all the same.
    if (!(error instanceof ShadegradError) || !error.code.startsWith('WEIGHTS_')) throw error;
    return [`no network that can be run here: ${inWords(error)}`];
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
    return [`no training run to go on from: ${inWords(error)}`];
  }
}

/** A tensor of more bytes than this is not read: it would have to be in memory as a whole. */
const MOST_BYTES = 2 ** 31;

/** What `shadegrad inspect` prints of a file's numbers: how many no network can compute with, and where the first one is. */
export async function numberLines(file: WeightFile): Promise<string[]> {
  const found = { infinite: { count: 0, first: '' }, negative: { count: 0, first: '' } };
  const unread: string[] = [];
  for (const tensor of file.tensors.values()) {
    const { name, shape } = tensor;
    if (4 * elementCount(shape) > MOST_BYTES) {
      unread.push(`${printable(name)}: too large to be read whole`);
      continue;
    }
    let values: Float32Array;
    try {
      values = await tensor.read();
    } catch (error) {
      if (!(error instanceof ShadegradError)) throw error;
      unread.push(printable(error.what));
      continue;
    }
    const squares = holdsSquares(name);
    for (let index = findBadNumber(values, squares); index >= 0; index = findBadNumber(values, squares, index + 1)) {
      const kind = found[Number.isFinite(values[index]!) ? 'negative' : 'infinite'];
      if (kind.count++ === 0) kind.first = `${values[index]} in ${printable(JSON.stringify(name))} at index ${describeIndex(index, shape)}`;
    }
  }
  const { infinite, negative } = found;
  const lines: string[] = [];
  const add = (count: number, what: string, first: string, consequence: string): void => {
    if (count > 0) lines.push(`numbers: ${formatCount(count)} ${what}, the first ${first}: ${consequence}`);
  };
  add(infinite.count, 'not finite', infinite.first, 'the network diverged or is damaged, and is refused when it is read');
  add(negative.count, 'negative variances', negative.first, 'refused when they are read');
  if (unread.length > 0) lines.push(`numbers of ${formatCount(unread.length)} tensors could not be read: ${unread[0]!}`);
  return lines.length > 0 ? lines : ['numbers: all finite'];
}

function originOf({ origin, prefix, statistics, imageSize }: FoundNetwork): string {
  const norms = statistics === 'running' ? '; norms use running statistics' : '';
  const images = imageSize ? `; made for images of ${imageSize.join(' x ')}` : '';
  return ` (${origin}${prefix === '' ? '' : `, names begin with ${printable(JSON.stringify(prefix))}`}${norms}${images})`;
}

/** A text out of a file, on one line of a terminal. */
export function printable(text: string): string {
  const shown = text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}... (${formatCount(text.length)} characters)` : text;
  return oneLine(shown);
}
