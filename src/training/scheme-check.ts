import { described } from '../checks.js';
import { ShadegradError } from '../errors.js';
import type { OptionRow } from './option-table.js';
import type { Networks, TrainingScheme } from './scheme.js';

type Kind = 'text' | 'function' | 'object' | 'boolean';

/** Every part of a scheme: what it is, and whether it may be left out. The compiler notices one that is forgotten. */
const PARTS: Readonly<Record<keyof TrainingScheme, readonly [kind: Kind, optional?: 'optional']>> = {
  name: ['text'],
  title: ['text'],
  summary: ['text'],
  folder: ['text', 'optional'],
  options: ['object'],
  reference: ['object', 'optional'],
  presets: ['object'],
  complete: ['function', 'optional'],
  describe: ['function'],
  networks: ['function'],
  optionsOf: ['function', 'optional'],
  initialize: ['function', 'optional'],
  optimizers: ['object'],
  state: ['function', 'optional'],
  inputs: ['function', 'optional'],
  prepare: ['function', 'optional'],
  schedule: ['function', 'optional'],
  drawn: ['object', 'optional'],
  data: ['text', 'optional'],
  made: ['object', 'optional'],
  labelled: ['boolean', 'optional'],
  severalSets: ['boolean', 'optional'],
  accumulates: ['boolean', 'optional'],
  phase: ['function', 'optional'],
  sizes: ['function'],
  sides: ['function'],
  readings: ['function', 'optional'],
  losses: ['object'],
  step: ['function'],
  metrics: ['object'],
  pictures: ['function'],
  evaluator: ['function'],
  judged: ['function', 'optional'],
  watch: ['object', 'optional'],
  pytorch: ['object', 'optional'],
};

/** What every run has under these names, in its options or in its checkpoint. */
const RUN_NAMES: readonly string[] = [
  ...[
    'batch',
    'learningRate',
    'seed',
    'serial',
    'precision',
    'storedSize',
    'residentBytes',
    'networks',
    'replay',
    'recompute',
    'accumulate',
  ],
  ...[
    'preset',
    'epochs',
    'steps',
    'minutes',
    'labels',
    'labelSets',
    'labelGroups',
    'make',
    'from',
    'totalSteps',
    'source',
    'trainPairs',
    'trainParts',
    'validate',
  ],
];
/** The names under which a checkpoint keeps the sources of further sets: `source2`, `source3` and so on. */
export const FURTHER_SOURCE = /^source\d+$/;
/** The names that a line of a run's log has for itself. */
export const LOG_NAMES: readonly string[] = [
  ...['step', 'epoch', 'learningRate', 'imagesPerSecond', 'seconds', 'validation', 'measured', 'training', 'diagnosis'],
];
/** A name of files and folders. */
const NAME = /^[A-Za-z0-9][\w-]*$/;
const FLAG_PARTS = ['type', 'placeholder', 'example', 'min', 'max', 'check', 'choices', 'default', 'description', 'group', 'reference'];
const FLAG_TYPES = ['integer', 'number', 'choice', 'boolean', 'string'];

/**
 * Checks that a scheme has every part, of its kind, and none that there is not: what is misspelt or forgotten would be noticed in the midst
 * of a run, or never.
 *
 * @throws INVALID_ARGUMENT that names the scheme and the part
 */
export function expectScheme<O extends object, N extends Networks>(scheme: TrainingScheme<O, N>): void {
  if (typeof scheme !== 'object' || scheme === null) throw refused('a training scheme', 'an object with its parts', typeof scheme);
  const called = typeof scheme.title === 'string' ? scheme.title : String(scheme.name);
  const refuse = (part: string, expected: string, received: unknown): never => {
    throw refused(`${part} of the training scheme ${called}`, expected, described(received));
  };
  for (const [part, [kind, optional]] of Object.entries(PARTS)) {
    const value = scheme[part as keyof TrainingScheme];
    if ((value === undefined && optional) || isOf(kind, value)) continue;
    refuse(part, `a ${kind}`, value);
  }
  const strange = Object.keys(scheme).find((part) => !(part in PARTS));
  if (strange !== undefined) refuse(strange, `only the parts ${Object.keys(PARTS).join(', ')}`, scheme[strange as keyof typeof scheme]);
  if (!NAME.test(scheme.name)) refuse('name', 'letters, digits, - and _', scheme.name);
  if (scheme.data !== undefined && !['paired', 'unpaired', 'images'].includes(scheme.data)) {
    refuse('data', "'paired', 'unpaired' or 'images'", scheme.data);
  }
  if (scheme.labelled && scheme.data !== 'images') refuse('data', "'images', as the scheme is labelled", scheme.data);
  if (scheme.severalSets && !scheme.labelled) refuse('severalSets', 'a scheme that is labelled', scheme.labelled);
  for (const [name, row] of Object.entries<OptionRow>(scheme.options)) expectFlag(name, row, refuse);
  if (Object.keys(scheme.losses).length === 0) refuse('losses', 'at least one loss', scheme.losses);
  for (const [name, row] of Object.entries(scheme.losses)) {
    if (!isOf('text', row?.label) || !isOf('text', row?.plot))
      refuse(`loss ${name}`, 'label, what the report calls it, and plot, the heading of its plot', row);
  }
  for (const [name, row] of Object.entries(scheme.metrics)) {
    if (!isOf('text', row?.label) || !['lower', 'higher'].includes(row?.better)) {
      refuse(`metric ${name}`, "label, what the report calls it, and better: 'lower' or 'higher'", row);
    }
  }
  for (const [name, row] of Object.entries(scheme.optimizers)) {
    if (!isOf('text', row?.network) || !isOf('function', row?.create))
      refuse(`optimiser ${name}`, 'network, the name of the one that it trains, and create()', row);
  }
  if (Object.keys(scheme.optimizers).length === 0) refuse('optimizers', 'at least one optimiser', scheme.optimizers);
  const trained = Object.values(scheme.optimizers).map(({ network }) => network);
  const twice = trained.find((network, index) => trained.indexOf(network) !== index);
  if (twice !== undefined) refuse('optimizers', 'one for each network at most', `two of ${twice}`);
  const { full, preview, previewScales } = scheme.presets;
  for (const [preset, numbers] of [
    ['full', [full?.epochs, full?.learningRate]],
    ['preview', [preview?.minutes, preview?.learningRate]],
  ] as const) {
    if (numbers.some((number) => !(Number.isFinite(number) && (number as number) > 0))) {
      refuse(`presets.${preset}`, `numbers above 0: ${preset === 'full' ? 'epochs' : 'minutes'} and learningRate`, numbers.join(' and '));
    }
  }
  for (const adapters of ['hardware', 'software'] as const) {
    if (!Array.isArray(previewScales?.[adapters]) || previewScales[adapters].length === 0) {
      refuse(`presets.previewScales.${adapters}`, 'one or more scales to try', previewScales?.[adapters]);
    }
  }
  const known = [...Object.keys(scheme.options), 'epochs', 'minutes', 'batch', 'learningRate'];
  for (const preset of [full, preview, ...previewScales.hardware, ...previewScales.software]) {
    const unknown = Object.keys(preset).find((name) => !known.includes(name));
    if (unknown !== undefined) refuse('presets', `values of ${known.join(', ')}`, unknown);
  }
  const taken = Object.keys(scheme.options).find((name) => RUN_NAMES.includes(name) || FURTHER_SOURCE.test(name));
  if (taken !== undefined) refuse(`option ${taken}`, `another name than ${RUN_NAMES.join(', ')}, which every run has`, taken);
  const inLog = Object.keys(scheme.losses).find((name) => LOG_NAMES.includes(name));
  if (inLog !== undefined) refuse(`loss ${inLog}`, `another name than ${LOG_NAMES.join(', ')}, which lines of the log have`, inLog);
  if (scheme.watch && scheme.watch.losses.length === 0) refuse('watch', 'losses to watch', 'none');
  const unwatched = scheme.watch?.losses.find((name) => !Object.hasOwn(scheme.losses, name));
  if (unwatched !== undefined) refuse('watch', `losses among ${Object.keys(scheme.losses).join(', ')}`, unwatched);
}

function expectFlag(name: string, { flag }: OptionRow, refuse: (part: string, expected: string, received: unknown) => never): void {
  if (!flag) return;
  if (!FLAG_TYPES.includes(flag.type)) refuse(`flag of option ${name}`, `the type ${FLAG_TYPES.join(', ')}`, flag.type);
  const strange = Object.keys(flag).find((part) => !FLAG_PARTS.includes(part));
  if (strange !== undefined) refuse(`flag of option ${name}`, `only ${FLAG_PARTS.join(', ')}; its name is that of the option`, strange);
}

function isOf(kind: Kind, value: unknown): boolean {
  if (kind === 'text') return typeof value === 'string' && value !== '';
  if (kind === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value);
  return typeof value === kind;
}

const refused = (what: string, expected: string, received: string): ShadegradError =>
  new ShadegradError('INVALID_ARGUMENT', what, { expected, received, fix: 'see docs/schemes.md for the parts of a scheme' });
