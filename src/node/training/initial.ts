import { describeArchitecture } from '../../exchange/network/describe-network.js';
import { findNetwork, findRunIfAny, surveyNetworks } from '../../exchange/read-weights.js';
import type { NetworkRole } from '../../models/kind.js';
import { placeRun, runArchitecture, type TrainingRun } from '../../exchange/network/training-run.js';
import type { WeightFile } from '../../formats/weight-file.js';
import { ShadegradError } from '../../errors.js';
import type { PatchGANOptions } from '../../models/patchgan.js';
import type { UNetOptions } from '../../models/unet.js';
import type { Trainer } from '../../training/trainer.js';
import type { TrainerVariants } from '../../training/trainer-options.js';
import { variantsOf } from '../../training/checkpoint-info.js';
import { formatCount } from '../terminal/format.js';
import { openWeights, type OpenWeights } from '../weights/read.js';
import { sayChosen } from '../weights/folder.js';
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
 * @throws WEIGHTS_UNSUPPORTED for networks of other images than pictures in colours or grey, BAD_FLAG for flags that say otherwise;
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
    const { run: whole, reason } = discriminator === undefined ? await findRunIfAny(file) : NETWORKS_ALONE;
    const networks: Networks = whole ?? {
      generator: findNetwork(file, 'generator').weights,
      ...(discriminator ? { discriminator } : discriminatorOf(file)),
    };
    const architecture = runArchitecture(networks);
    checkChannels(from, networks);
    const { size, ngf } = architecture.generator;
    const scale = { size, ngf, ...(architecture.discriminator && { ndf: architecture.discriminator.ndf }) };
    checkFlags(from, scale, flags, given);
    return {
      scale,
      variants: variantsOf(architecture),
      summary: summaryOf(judge === undefined ? from : `${from} and ${judge}`, networks, whole, reason),
      place: ({ networks: target }) => placeRun(target, whole ?? networks, from),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The discriminator of a file, unless it has none. */
function discriminatorOf(file: WeightFile): Partial<Pick<TrainingRun, 'discriminator'>> {
  const { found, refused } = surveyNetworks(file);
  const any = [...found, ...refused].some(({ role }) => role === 'discriminator');
  return any ? { discriminator: findNetwork(file, 'discriminator').weights } : {};
}

/** Of networks out of two files, which have no optimisers in common. */
const NETWORKS_ALONE = { run: null, reason: null };

/** @throws WEIGHTS_UNSUPPORTED unless the networks are of pairs of pictures, each in colours or grey */
function checkChannels(path: string, { generator, discriminator }: Networks): void {
  const { inChannels = 3, outChannels = 3 } = generator.architecture.options as UNetOptions;
  const judged = (discriminator?.architecture.options as PatchGANOptions | undefined)?.inChannels ?? 6;
  const pictures = [inChannels, outChannels].every((channels) => channels === 1 || channels === 3);
  if (pictures && (!discriminator || judged === inChannels + outChannels)) return;
  const what = `${path}: these networks are not for pairs of pictures`;
  if (!pictures) {
    throw new ShadegradError('WEIGHTS_UNSUPPORTED', what, {
      expected: 'a U-Net of 3 channels (colours) or 1 (grey) at either end',
      received: describeArchitecture(generator.architecture),
      fix: 'begin with networks that were trained on pairs of pictures, or leave --from out',
    });
  }
  throw new ShadegradError('WEIGHTS_UNSUPPORTED', what, {
    expected: `a PatchGAN of ${inChannels} + ${outChannels} channels, those of the generator's two images`,
    received: describeArchitecture(discriminator!.architecture),
    fix: "name its own discriminator with --from-discriminator, or give the generator's file alone",
  });
}

function checkFlags(path: string, scale: InitialState['scale'], flags: TrainFlags, given: ReadonlySet<string>): void {
  const differing = (['size', 'ngf', 'ndf'] as const).filter(
    (name) => given.has(name) && scale[name] !== undefined && flags[name] !== scale[name],
  );
  if (differing.length === 0) return;
  throw new ShadegradError('BAD_FLAG', `The networks of ${path} are others`, {
    expected: differing.map((name) => `--${name} ${scale[name]}`).join(' '),
    received: differing.map((name) => `--${name} ${flags[name]}`).join(' '),
    fix: 'leave these flags out: they follow from --from',
  });
}

/** @param reason why the optimisers of the file were left, if it has any */
function summaryOf(path: string, { generator, discriminator }: Networks, run: TrainingRun | null, reason: string | null): string {
  if (run) return `beginning with both networks and their optimisers of ${path}, after ${formatCount(run.info.generatorSteps)} steps`;
  const taken = discriminator
    ? `beginning with both networks of ${path}; their optimisers are new`
    : `beginning with the generator of ${path}; the discriminator is new, and so are the optimisers`;
  const { inChannels = 3, outChannels = 3 } = generator.architecture.options as UNetOptions;
  const grey = inChannels === 1 || outChannels === 1 ? `; it takes ${words(inChannels)} and makes ${words(outChannels)}` : '';
  return reason === null ? taken + grey : `${taken}${grey} (those of the file were left: ${reason})`;
}

/** What images of so many channels are to the networks. */
const words = (channels: number): string => (channels === 1 ? 'luminance (grey)' : 'colours');
