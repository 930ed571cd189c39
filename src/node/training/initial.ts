import { describeArchitecture } from '../../exchange/describe-network.js';
import type { NetworkWeights } from '../../exchange/network-weights.js';
import { findNetwork, findRun, hasRun, networksIn, type NetworkRole } from '../../exchange/read-weights.js';
import { placeRun, runArchitecture, type TrainingRun } from '../../exchange/training-run.js';
import { ShadegradError } from '../../gpu/errors.js';
import type { Trainer, TrainerVariants } from '../../training/trainer.js';
import { variantsOf } from '../../training/checkpoint-info.js';
import { formatCount } from '../format.js';
import { openWeights, type OpenWeights } from '../weights.js';
import { sayChosen } from '../weights-folder.js';
import type { TrainFlags } from './flags.js';

/** What a new run begins with instead of random weights. */
export interface InitialState {
  /** What the networks must be like. */
  readonly scale: { readonly size: number; readonly ngf: number; readonly ndf?: number };
  readonly variants: TrainerVariants;
  /** What was taken from where. */
  readonly summary: string;
  /** Fills a trainer's networks, and its optimisers where the file has them. */
  place(trainer: Trainer): Promise<void>;
  close(): Promise<void>;
}

type Networks = Pick<TrainingRun, 'generator'> & Partial<Pick<TrainingRun, 'discriminator'>>;

/**
 * The state of --from and --from-discriminator: a whole run with its optimisers, or networks alone.
 *
 * @throws WEIGHTS_UNSUPPORTED for networks of other images than colour pictures, BAD_FLAG for flags that say otherwise;
 * and what reading the files throws
 */
export async function openInitialState(flags: TrainFlags, given: ReadonlySet<string>): Promise<InitialState | null> {
  const { from, 'from-discriminator': judge } = flags;
  if (from === undefined) return null;
  const files: OpenWeights[] = [];
  const close = async (): Promise<void> => void (await Promise.all(files.splice(0).map((file) => file.close())));
  const open = async (path: string, network: NetworkRole) => {
    const opened = await openWeights(path, { network });
    files.push(opened);
    sayChosen(path, opened);
    return opened.file;
  };
  try {
    const file = await open(from, 'generator');
    const discriminator = judge === undefined ? undefined : findNetwork(await open(judge, 'discriminator'), 'discriminator').weights;
    const whole = discriminator === undefined && isWhole(file) ? await findRun(file) : null;
    const generator = whole?.generator ?? findNetwork(file, 'generator').weights;
    const found = discriminator ?? (whole ? whole.discriminator : networksIn(file).some(({ role }) => role === 'discriminator') ? findNetwork(file, 'discriminator').weights : undefined);
    const networks: Networks = { generator, ...(found && { discriminator: found }) };
    const architecture = runArchitecture(networks);
    checkChannels(from, networks);
    const { size, ngf } = architecture.generator;
    const scale = { size, ngf, ...(architecture.discriminator && { ndf: architecture.discriminator.ndf }) };
    checkFlags(from, scale, flags, given);
    return {
      scale, variants: variantsOf(architecture), summary: summaryOf(judge === undefined ? from : `${from} and ${judge}`, networks, whole),
      place: ({ networks: target }) => placeRun(target, whole ?? networks, from),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A generator that was saved alone, to translate with, is a checkpoint too. */
function isWhole(file: OpenWeights['file']): boolean {
  return hasRun(file) && networksIn(file).length === 2;
}

function checkChannels(path: string, { generator, discriminator }: Networks): void {
  const wrong = [generator, discriminator].find((network) => network !== undefined && !isOfPictures(network));
  if (!wrong) return;
  throw new ShadegradError('WEIGHTS_UNSUPPORTED', `${path}: these networks are not for pairs of colour pictures`, {
    expected: 'a U-Net of 3 -> 3 channels and a PatchGAN of 6', received: describeArchitecture(wrong.architecture), fix: 'name the weights of others',
  });
}

function isOfPictures({ architecture: { kind, options } }: NetworkWeights): boolean {
  const { inChannels } = options;
  return kind === 'unet' ? (inChannels ?? 3) === 3 && (options.outChannels ?? 3) === 3 : (inChannels ?? 6) === 6;
}

function checkFlags(path: string, scale: InitialState['scale'], flags: TrainFlags, given: ReadonlySet<string>): void {
  const differing = (['size', 'ngf', 'ndf'] as const).filter((name) => given.has(name) && scale[name] !== undefined && flags[name] !== scale[name]);
  if (differing.length === 0) return;
  throw new ShadegradError('BAD_FLAG', `The networks of ${path} are others`, {
    expected: differing.map((name) => `--${name} ${scale[name]}`).join(' '),
    received: differing.map((name) => `--${name} ${flags[name]}`).join(' '),
    fix: 'leave these flags out: they follow from --from',
  });
}

function summaryOf(path: string, { discriminator }: Networks, run: TrainingRun | null): string {
  if (run) return `beginning with both networks and their optimisers of ${path}, after ${formatCount(run.info.generatorSteps)} steps`;
  return discriminator ? `beginning with both networks of ${path}; their optimisers are new` : `beginning with the generator of ${path}; the discriminator is new, and so are the optimisers`;
}
