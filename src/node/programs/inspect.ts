import { labelSetsOf, type LabelSet } from '../../data/labels.js';
import { describeArchitecture } from '../../models/describe.js';
import { findRun, hasRun, surveyNetworks, type FoundNetwork } from '../../exchange/read-weights.js';
import { STORED_DTYPE_BYTES } from '../../formats/half.js';
import type { StoredTensor, WeightFile } from '../../formats/weight-file.js';
import { oneLine } from '../../formats/names.js';
import { ShadegradError } from '../../errors.js';
import { elementCount, formatShape } from '../../tensor/shape.js';
import { parseFlags, type Program } from '../terminal/flags.js';
import { formatBytes, formatCount, formatCountOf, formatJson } from '../../formats/words.js';
import { formatHelp } from '../terminal/help.js';
import { checkHeader, checkNumbersOf } from './inspect-numbers.js';
import type { CheckpointOptions } from '../../training/checkpoint-info.js';
import { epochOf } from '../../training/run/loop.js';
import { openWeights } from '../weights/read.js';
import { sayChosen } from '../weights/folder.js';
import { REMOTE_FORMS } from '../weights/remote/registry.js';
import { keepQuiet } from '../terminal/remarks.js';

/** The command line of `shadegrad inspect`. */
export const INSPECT_PROGRAM = {
  usage: 'npx shadegrad inspect FILE|FOLDER|URL [flags]',
  takesOperands: true,
  summary:
    'Says what is in a file of weights (.safetensors and its index, .pth, .pict, a TensorFlow.js model.json): format, every tensor, ' +
    'metadata, the networks that can be run here, and whether all numbers are finite and as their checksums say. The exit status ' +
    `is 1 for a damaged file. URL: ${REMOTE_FORMS}.`,
  flags: [
    { name: 'tensors', type: 'boolean', default: true, description: 'leave out the list of tensors' },
    { name: 'numbers', type: 'boolean', default: true, description: 'do not read the numbers, to see whether the file is sound' },
    { name: 'json', type: 'boolean', description: 'print what there is as JSON, in place of words' },
  ],
  examples: [{ command: 'npx shadegrad inspect latest_net_G.pth', description: 'A generator of the PyTorch reference:' }],
} as const satisfies Program;

const FORMAT_NAMES: Record<WeightFile['format'], string> = {
  safetensors: 'safetensors',
  pytorch: 'PyTorch',
  pict: 'pict (TensorFlow pix2pix in browsers)',
  'tfjs-layers': 'TensorFlow.js layers model',
};
const LONGEST_VALUE = 300;

/**
 * Runs the program of `shadegrad inspect`: prints what a file of weights holds.
 *
 * @param argv the arguments alone
 * @returns the exit status: 0, or 1 for a file that is damaged or has a network that is refused for its numbers
 * @throws DATA_NOT_FOUND, WEIGHTS_CORRUPT and others
 */
export async function inspectWeights(argv: readonly string[]): Promise<number> {
  const { values: flags, operands, help } = parseFlags(INSPECT_PROGRAM, argv);
  if (help) {
    process.stdout.write(formatHelp(INSPECT_PROGRAM));
    return 0;
  }
  if (operands.length !== 1)
    throw new ShadegradError('BAD_FLAG', `${operands.length} files to inspect`, {
      expected: 'one',
      received: oneLine(operands.join(', '), 120) || 'none',
      fix: `write ${INSPECT_PROGRAM.usage}`,
    });
  keepQuiet(flags.json);
  const opened = await openWeights(operands[0]!);
  const { file, close } = opened;
  try {
    sayChosen(operands[0]!, opened);
    const checks = [await checkHeader(file, opened.path), ...(flags.numbers ? [await checkNumbersOf(file)] : [])];
    const found = checks.flatMap((check) => check.lines).map(printable);
    const sound = checks.every((check) => check.sound);
    if (flags.json) {
      const { networks, refused } = networksOf(file);
      const described = { ...contentOf(file, flags.tensors), networks, run: await runOf(file), sound, remarks: [...refused, ...found] };
      process.stdout.write(`${formatJson(described)}\n`);
      return sound ? 0 : 1;
    }
    const lines = [...describeFile(file, flags.tensors), ...(await runLines(file)), ...found];
    process.stdout.write(`${lines.join('\n')}\n`);
    return sound ? 0 : 1;
  } finally {
    await close();
  }
}

/** What is in a file, for --json. */
function contentOf({ name, format, tensors, metadata }: WeightFile, withTensors: boolean): object {
  const rows = [...tensors.values()].map(({ name: tensor, shape, dtype }) => ({ name: tensor, shape, dtype }));
  return { file: name, format, ...(withTensors && { tensors: rows }), metadata: Object.fromEntries(metadata) };
}

/** The networks of a file that can be run here, and why others cannot. */
function networksOf(file: WeightFile): { networks: object[]; refused: string[] } {
  try {
    const { found, refused } = surveyNetworks(file);
    const networks = found.map(({ role, origin, weights, statistics, imageSize, labels, averageOf }) => ({
      ...{ role, origin, ...weights.architecture, statistics, imageSize, labels, averageOf },
    }));
    return { networks, refused: refused.map(({ role, error }) => `${role}: ${inWords(error)}`) };
  } catch (error) {
    if (!(error instanceof ShadegradError) || !error.code.startsWith('WEIGHTS_')) throw error;
    return { networks: [], refused: [inWords(error)] };
  }
}

/** The training run in a file; null where there is none to go on from. */
async function runOf(file: WeightFile): Promise<object | null> {
  if (!hasRun(file)) return null;
  try {
    const { scheme, step, epoch, options } = (await findRun(file)).info;
    return { scheme, step, epoch, options };
  } catch (error) {
    if (!(error instanceof ShadegradError) || !error.code.startsWith('WEIGHTS_')) throw error;
    return null;
  }
}

/** The lines that `shadegrad inspect` prints. */
export function describeFile(file: WeightFile, withTensors = true): string[] {
  const tensors = [...file.tensors.values()];
  const total = (count: (tensor: StoredTensor) => number): number => tensors.reduce((sum, tensor) => sum + count(tensor), 0);
  const numbers = total(({ shape }) => elementCount(shape));
  const bytes = total(({ shape, dtype }) => elementCount(shape) * STORED_DTYPE_BYTES[dtype]);
  const lines = [
    `${printable(file.name)}: ${FORMAT_NAMES[file.format]}, ${formatCount(tensors.length)} tensors, ` +
      `${formatCount(numbers)} numbers, ${formatBytes(bytes)}`,
  ];
  if (withTensors) lines.push('', ...tensorTable(tensors));
  if (file.metadata.size > 0)
    lines.push('', 'metadata:', ...[...file.metadata].map(([key, value]) => `  ${printable(key)}: ${printable(value)}`));
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
    const { scheme, step, epoch, optimizers, options } = (await findRun(file)).info;
    const told = Object.entries(options)
      .map(([name, value]) => oneLine(`${name} ${String(value)}`))
      .join(', ');
    const name = scheme === null ? 'training run' : `training run of ${printable(scheme)}`;
    const trained = Object.values(optimizers).map(
      ({ network, steps }) => `optimiser of the ${printable(network)} after ${formatCountOf(steps, 'step')}`,
    );
    return [
      `${name}: step ${formatCount(step)}, epoch ${formatCount(epochAt(step, epoch, options))}; ${trained.join(', ')}`,
      ...(told === '' ? [] : [`  options: ${told}`]),
    ];
  } catch (error) {
    if (!(error instanceof ShadegradError) || !error.code.startsWith('WEIGHTS_')) throw error;
    return [`no training run to go on from: ${inWords(error)}`];
  }
}

/** The epoch of the last step, counted from 1 as the progress bar does; of a file that does not say how long one is, that of the next. */
function epochAt(step: number, epoch: number, { trainPairs, batch }: CheckpointOptions): number {
  if (step === 0 || typeof trainPairs !== 'number' || typeof batch !== 'number') return epoch + 1;
  return epochOf(step, Math.max(1, Math.floor(trainPairs / batch)));
}

function originOf({ origin, prefix, statistics, imageSize, labels, labelSets }: FoundNetwork): string {
  const norms = statistics === 'running' ? '; norms use running statistics' : '';
  const images = imageSize ? `; made for images of ${imageSize.join(' x ')}` : '';
  const told = labels ? `; labels ${labelSetsOf({ names: labels, exclusive: false, sets: labelSets }).map(inOrder).join('; or ')}` : '';
  return ` (${origin}${prefix === '' ? '' : `, names begin with ${printable(JSON.stringify(prefix))}`}${norms}${images}${told})`;
}

const inOrder = ({ names }: LabelSet): string => names.map(printable).join(', ');

/** A text out of a file, on one line of a terminal. */
export function printable(text: string): string {
  const shown = text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}... (${formatCount(text.length)} characters)` : text;
  return oneLine(shown);
}
