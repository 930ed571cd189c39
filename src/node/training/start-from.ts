import { encodeLabelSets, labelSetsOf, type Labelling, type LabelSet } from '../../data/labels.js';
import { printableName } from '../../formats/names.js';
import { findNetwork, findRunIfAny, surveyNetworks, type FoundNetwork } from '../../exchange/read-weights.js';
import { isCalled } from '../../exchange/pytorch/reference-names.js';
import { restoreRun, type NetworksAlone, type TrainingRun } from '../../exchange/network/training-run.js';
import type { NetworkWeights } from '../../exchange/network/network-weights.js';
import type { WeightFile } from '../../formats/weight-file.js';
import { ShadegradError } from '../../errors.js';
import type { NetworkArchitecture, NetworkRole } from '../../models/kind.js';
import { buildNetwork, isGenerator, networkKind } from '../../models/registry.js';
import type { OptionRow } from '../../training/option-table.js';
import type { Architectures, Networks, TrainingScheme } from '../../training/scheme.js';
import type { Trainer } from '../../training/trainer.js';
import { fullOptions } from '../../training/trainer-options.js';
import { formatCountOf } from '../../formats/words.js';
import { openWeights, type OpenWeights } from '../weights/read.js';
import { sayChosen } from '../weights/folder.js';
import { flagName, fromFlag, type TrainFlags } from './flags.js';

/** What a new run begins with instead of random weights. */
export interface InitialState {
  /** Options of the scheme that follow from the networks. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly networks: Partial<Architectures<Networks>>;
  /** The labels that the networks have learned, of each file that names them. */
  readonly labels: readonly LearnedLabels[];
  /** What was taken from where. */
  readonly summary: string;
  /** @throws BAD_FLAG for flags that say how networks are drawn, where all of them come out of files */
  expectEffects(typed: ReadonlySet<string>): void;
  /** Fills a trainer's networks, and its optimisers where the file has them. */
  place(trainer: Trainer): Promise<void>;
  close(): Promise<void>;
}

/** Labels that networks out of a file have learned. */
export interface LearnedLabels {
  /** The file. */
  readonly path: string;
  readonly names: readonly string[];
  /** Undefined where the file does not say which exclude one another. */
  readonly sets: readonly LabelSet[] | undefined;
}

/** Of networks out of several files, which have no optimisers in common. */
const NETWORKS_ALONE = { run: null, reason: null };

/**
 * The state of --from and --from-NETWORK: a whole run with its optimisers, or networks alone.
 *
 * @throws WEIGHTS_UNSUPPORTED for networks that the scheme cannot train, BAD_FLAG for flags that say otherwise;
 * and what reading the files throws
 */
export async function openInitialState(
  scheme: TrainingScheme,
  flags: TrainFlags,
  given: ReadonlySet<string>,
): Promise<InitialState | null> {
  const { from } = flags;
  if (from === undefined) return null;
  const files: OpenWeights[] = [];
  const close = async (): Promise<void> => void (await Promise.all(files.splice(0).map((file) => file.close())));
  const names = scheme.pytorch?.names;
  const open = async (path: string, name: string, network: NetworkRole, named = path): Promise<OpenWeights> => {
    const opened = await openWeights(path, { network, called: names?.[name] });
    files.push(opened);
    sayChosen(named, opened);
    return opened;
  };
  try {
    const roles = rolesOf(scheme);
    const [first, ...others] = [...roles.keys()] as [string, ...string[]];
    const { file, path: chosen, beside } = await open(from, first, roles.get(first)!);
    const alone = new Map<string, NetworkWeights>();
    const paths = [from];
    for (const name of others) {
      const flag = flags[fromFlag(name)] as string | undefined;
      // Of a folder with a file for each network, all of them are meant.
      const path = flag ?? (names && chosen !== from ? await beside(names[first]!, names[name]!) : undefined);
      if (path === undefined) continue;
      if (flag !== undefined) paths.push(flag);
      const opened = await open(path, name, roles.get(name)!, flag ?? from);
      alone.set(name, pick(opened.file, name, roles, scheme).weights);
    }
    const { run, reason } = alone.size > 0 ? NETWORKS_ALONE : await findRunIfAny(file);
    const whole = run && isOf(scheme, run) ? run : null;
    const state: TrainingRun | NetworksAlone = whole ?? { networks: networksOf(file, roles, alone, scheme) };
    const architectures = Object.fromEntries([...state.networks].map(([name, { architecture }]) => [name, architecture]));
    if (!scheme.optionsOf) refuseFlags(scheme, from, given);
    const options = withAskedSides(
      scheme,
      { ...scheme.optionsOf?.(architectures, from), ...sidesIn(file, scheme), ...codingIn(file, scheme) },
      given,
    );
    checkFlags(from, options, flags, given);
    return {
      options,
      networks: architectures,
      labels: files.flatMap(learnedLabels),
      summary: summaryOf(paths.join(' and '), [...roles.keys()], state, whole, reason),
      expectEffects(typed) {
        if (![...roles.keys()].every((name) => state.networks.has(name))) return;
        const vain = DRAWN_BY.filter((name) => name in scheme.options && typed.has(flagName(name)) && !isUsual(scheme, name, flags));
        if (vain.length > 0) throw drawnInVain(vain, paths);
      },
      place: (trainer) => restoreRun(trainer, state, from),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Options that say how the weights of new networks are drawn. */
const DRAWN_BY = ['initType', 'initGain'] as const;

const isUsual = ({ options }: TrainingScheme, name: string, flags: TrainFlags): boolean =>
  Object.entries<OptionRow>(options).some(([each, row]) => each === name && row.default === flags[flagName(name)]);

const drawnInVain = (names: readonly string[], paths: readonly string[]): ShadegradError =>
  new ShadegradError('BAD_FLAG', 'No weights are drawn: all networks begin as those of files', {
    expected: '--from without them',
    received: names.map((name) => `--${flagName(name)}`).join(' '),
    fix: `leave them out, or begin with the generator of ${paths.map(printableName).join(' and ')} alone`,
  });

/** The networks of a scheme with their roles. */
function rolesOf(scheme: TrainingScheme): Map<string, NetworkRole> {
  const networks = Object.entries<NetworkArchitecture>(scheme.networks(fullOptions(scheme), {}));
  return new Map(networks.map(([name, { kind }]) => [name, networkKind(kind).role]));
}

/** The labels that a file names, once: all networks of a checkpoint have learned the same. */
function learnedLabels({ file, path }: OpenWeights): LearnedLabels[] {
  const named = surveyNetworks(file).found.find(({ labels }) => labels !== undefined);
  return named ? [{ path, names: named.labels!, sets: named.labelSets }] : [];
}

/**
 * Checks that data have the labels that networks out of files have learned: others at their places would be mixed with them silently.
 *
 * @param labels of the data
 * @throws WEIGHTS_MISMATCH for other names, another order, and other sets
 */
export function expectLearned(learned: readonly LearnedLabels[], labels: Labelling): void {
  const ofData = labelSetsOf(labels);
  for (const { path, names, sets } of learned) {
    const isSame = names.join() === labels.names.join() && (!sets || encodeLabelSets(sets) === encodeLabelSets(ofData));
    if (isSame) continue;
    const told = (each: readonly LabelSet[] | undefined): string => (each ? ` (${encodeLabelSets(each)})` : '');
    throw new ShadegradError('WEIGHTS_MISMATCH', `The networks of ${printableName(path)} have learned other labels than the data have`, {
      expected: `the labels ${names.map(printableName).join(', ')}${told(sets)}`,
      received: `${labels.names.map(printableName).join(', ')}${told(ofData)}`,
      fix: 'choose these labels in this order (--labels), name several folders in the order of that run, or leave out --from',
    });
  }
}

/** Whether a run is one of a scheme. */
function isOf({ name, optimizers }: TrainingScheme, { info }: TrainingRun): boolean {
  return info.scheme === name && Object.keys(optimizers).every((each) => each in info.optimizers);
}

/** The networks that a file has for a scheme, the first of them at least, and those that other files have. */
function networksOf(
  file: WeightFile,
  roles: ReadonlyMap<string, NetworkRole>,
  alone: ReadonlyMap<string, NetworkWeights>,
  scheme: TrainingScheme,
): Map<string, NetworkWeights> {
  const networks = new Map<string, NetworkWeights>();
  const { found, refused } = surveyNetworks(file);
  const all = [...found, ...refused];
  for (const [name, role] of roles) {
    // One network of a file is never two of the scheme: of several of a role, the first takes what has no name, and others are new.
    const first = [...roles].find(([, each]) => each === role)![0] === name;
    const named = found.some(({ prefix }) => isNamed(prefix, name, scheme));
    const isThere = networks.size === 0 || named || (first && all.some((each) => each.role === role));
    const weights = alone.get(name) ?? (isThere ? pick(file, name, roles, scheme).weights : undefined);
    if (weights) networks.set(name, weights);
  }
  return networks;
}

/** The network of a file that a scheme has under a name: by its role, or where there are several of that, by that name. */
function pick(file: WeightFile, name: string, roles: ReadonlyMap<string, NetworkRole>, scheme: TrainingScheme): FoundNetwork {
  const role = roles.get(name)!;
  const named = surveyNetworks(file).found.find((network) => network.role === role && isNamed(network.prefix, name, scheme));
  return named ?? findNetwork(file, role);
}

/** Whether what stands before the names of a network in a file is its name here, or in PyTorch's program. */
function isNamed(prefix: string, name: string, { pytorch }: TrainingScheme): boolean {
  return prefix === `${name}.` || (pytorch !== undefined && isCalled(prefix, name, pytorch));
}

/**
 * A scheme that does not say which of its options follow from networks might be told others than the networks are.
 * @throws BAD_FLAG
 */
function refuseFlags(scheme: TrainingScheme, path: string, given: ReadonlySet<string>): void {
  const typed = Object.keys(scheme.options).filter((name) => given.has(flagName(name)));
  if (typed.length === 0) return;
  throw new ShadegradError('BAD_FLAG', `${scheme.title} does not say which of its options follow from the networks of ${path}`, {
    expected: '--from without them',
    received: typed.map((name) => `--${flagName(name)}`).join(' '),
    fix: 'leave these flags out, or write optionsOf() of the scheme (docs/schemes.md)',
  });
}

/** The sides of the images that a file says its networks were trained on, where a scheme has options of these names. */
function sidesIn(file: WeightFile, { options }: TrainingScheme): Record<string, number> {
  const [width, height] = surveyNetworks(file).found.find(({ imageSize }) => imageSize !== undefined)?.imageSize ?? [];
  if (width === undefined || height === undefined || !Object.hasOwn(options, 'size')) return {};
  if (width === height) return { size: height };
  return Object.hasOwn(options, 'width') ? { size: height, width } : {};
}

/** How a file says that the images of its networks are coded, where a scheme has options of these names: others would be others to them. */
function codingIn(file: WeightFile, { options }: TrainingScheme): Readonly<Record<string, unknown>> {
  const coding = surveyNetworks(file).found.find((each) => each.coding !== undefined)?.coding ?? {};
  return Object.fromEntries(Object.entries(coding).filter(([name]) => Object.hasOwn(options, name)));
}

/** What follows from networks, without the sides of the images that were typed: networks go on with others that they take, too. */
function withAskedSides(
  scheme: TrainingScheme,
  follows: Readonly<Record<string, unknown>>,
  given: ReadonlySet<string>,
): Readonly<Record<string, unknown>> {
  const rows = new Map(Object.entries<OptionRow>(scheme.options));
  const typed = [...rows].filter(([name, row]) => row.isSide && given.has(flagName(name))).map(([name]) => name);
  // What a network does not take is refused when it is built.
  return typed.length === 0 ? follows : Object.fromEntries(Object.entries(follows).filter(([name]) => !rows.get(name)?.isSide));
}

function checkFlags(path: string, options: Readonly<Record<string, unknown>>, flags: TrainFlags, given: ReadonlySet<string>): void {
  const differing = Object.keys(options).filter((name) => given.has(flagName(name)) && flags[flagName(name)] !== options[name]);
  if (differing.length === 0) return;
  throw new ShadegradError('BAD_FLAG', `The networks of ${path} are others`, {
    expected: differing.map((name) => `--${flagName(name)} ${String(options[name])}`).join(' '),
    received: differing.map((name) => `--${flagName(name)} ${String(flags[flagName(name)])}`).join(' '),
    fix: 'leave these flags out: they follow from --from',
  });
}

/** @param reason why the optimisers of the file were left, if it has any */
function summaryOf(
  path: string,
  names: readonly string[],
  { networks }: NetworksAlone,
  run: TrainingRun | null,
  reason: string | null,
): string {
  const all = names.length === 2 ? 'both networks' : names.length === 1 ? `the ${names[0]}` : 'all networks';
  if (run) {
    const steps = Math.max(...Object.values(run.info.optimizers).map((progress) => progress.steps));
    const optimisers = names.length === 1 ? 'its optimiser' : 'their optimisers';
    return `beginning with ${all} and ${optimisers} of ${path}, after ${formatCountOf(steps, 'step')}`;
  }
  const taken = [...networks.keys()];
  const others = names.filter((name) => !networks.has(name));
  const said =
    others.length === 0
      ? `beginning with ${all} of ${path}; ${names.length === 1 ? 'its optimiser is' : 'their optimisers are'} new`
      : `beginning with the ${taken.join(' and the ')} of ${path}; the ${others.join(' and the ')} ` +
        `${others.length === 1 ? 'is' : 'are'} new, and so are the optimisers`;
  const grey = [...networks.values()].map(greyOf).filter((text) => text !== '');
  return [said, ...grey].join('; ') + (reason === null ? '' : ` (those of the file were left: ${reason})`);
}

/** What a network sees and makes, where one of them is grey. */
function greyOf({ architecture }: NetworkWeights): string {
  const network = buildNetwork(architecture);
  if (!isGenerator(network) || (network.inChannels !== 1 && network.outChannels !== 1)) return '';
  return `it takes ${words(network.inChannels)} and makes ${words(network.outChannels)}`;
}

/** What images of so many channels are to the networks. */
const words = (channels: number): string => (channels === 1 ? 'luminance (grey)' : 'colours');
