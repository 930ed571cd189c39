import type { HalfReading } from '../data/codings/options.js';
import type { PixelSize } from '../pixel-size.js';
import type { PreprocessName } from '../data/preprocess/registry.js';
import type { ProgressCallback, PairedDataset } from '../data/dataset.js';
import type { ImagePair, RgbImage } from '../data/image.js';
import type { PlacedLabelSet } from '../data/labels.js';
import type { ImageSet, Labelling } from '../data/unpaired.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Network, NetworkArchitecture, NetworkRole } from '../models/kind.js';
import type { Optimizer } from '../optim/optimizer.js';
import type { Tensor } from '../tensor/tensor.js';
import type { OptionTable, OptionValue } from './option-table.js';
import type { VerdictKind } from './patch-scores.js';

/** Networks by the names that a scheme gives them. */
export type Networks = Readonly<Record<string, Network>>;

/** For each network of a scheme the architecture that builds it. */
export type Architectures<N> = { readonly [Name in keyof N]: NetworkArchitecture };

/** One of the images that a step sees: which half of a sample it is, and how it comes to the device. */
export interface ImageSide {
  /** The half of a pair; of data that are not paired, the set. */
  readonly half: 'a' | 'b';
  /** Channels of the tensor that the step gets. With 3 or 1 and no encode(), the colours or the luminance (ITU-R BT.601). */
  readonly channels: number;
  /**
   * What is kept of an image: bytes that stand for -1 to 1; numbers from -1 to 1 (f32); or a byte for the class of each pixel, of which the
   * tensor has a channel each, 1 for the class of the pixel and -1 for all others. The last two need encode(). Default 'bytes'.
   */
  readonly kept?: 'bytes' | 'numbers' | 'classes';
  /**
   * Makes what is kept of an image, [height, width, channels], or [height, width] of classes; what is not the image itself, such as a
   * channel for each class of a label map. Left out, the image is resized (bicubic). The same image gives the same bytes each time.
   *
   * @param size of the images as they are kept: the side of squares, or width and height
   */
  encode?(image: RgbImage, size: PixelSize): Uint8Array | Float32Array;
  /** Whether it is what the networks are given or what they should make of it, where that is so: some augmentations ask. */
  readonly role?: 'input' | 'target';
  /** What its channels are: colours (or grey values), or anything else. Default: colours, with encode() anything else. */
  readonly holds?: 'colours' | 'other';
}

/** The sizes of the images of a step. */
export interface ImagePlan {
  /** The images that the step gets, in pixels: their side, or width and height. */
  readonly size: PixelSize;
  /**
   * What images are resized to before the crop, likewise; at least `size`. Of those that keep their shape the width, and the least height.
   */
  readonly loadSize: PixelSize;
  /** Whether images are cropped and mirrored at random; all sides of a sample alike. Without, the whole image is resized to `size`. */
  readonly jitter: boolean;
  /** Whether they are mirrored, where they are cropped. Default true. */
  readonly mirror?: boolean;
  /** How images come to `size`, as pytorch-CycleGAN-and-pix2pix calls it. Default 'resize_and_crop'. */
  readonly preprocess?: PreprocessName;
}

/** A loss of a scheme: its name in the log, and where the report draws it. */
export interface SchemeLoss<O = object> {
  /** What the report and the progress bar call it, such as 'G_L1'. */
  readonly label: string;
  /** What a progress bar that has little room calls it; losses of one short name stand together. Default: the label. */
  readonly short?: string;
  /** The heading of the plot that it is drawn in; losses of one heading share a plot. */
  readonly plot: string;
  /** Whether there is such a loss with these options of the scheme. Default: always. */
  when?(options: O): boolean;
  /** The phases whose steps have it. Default: all. */
  readonly phases?: readonly string[];
  /**
   * What it says where networks train against each other: how well the discriminator tells what is real, or how well the generator deceives
   * it. Left out for other losses.
   */
  readonly role?: 'discriminator' | 'adversarial';
  /** The metric that measures the same on validation images, where there is one. */
  readonly metric?: string;
}

/** A measure of a scheme on images that it is not trained on. */
export interface SchemeMetric {
  /** What the report calls it, such as 'PSNR'. */
  readonly label: string;
  /** Whether small or large values are good. */
  readonly better: 'lower' | 'higher';
  /** The unit, if there is one, such as 'dB'. */
  readonly unit?: string;
  /** Significant digits that the console and the report show. Default 3. */
  readonly digits?: number;
}

/** What an optimiser of a scheme is made of. */
export interface SchemeOptimizer<O = object> {
  /** The name of the network that it trains. */
  readonly network: string;
  /** Makes it for that network, which is on a device. */
  create(network: Network, options: O & { readonly learningRate: number }): Optimizer;
}

/** What prepare() of a scheme works with. */
export interface PrepareContext<O = object, N = Networks> {
  /** The number of the step that is about to be taken, from 0. */
  readonly step: number;
  /** The epoch of that step, from 0. */
  readonly epoch: number;
  /** The seed of the run. */
  readonly seed: number;
  /** Samples in a step. */
  readonly batch: number;
  /** What prepare() writes to, by name. */
  readonly inputs: Readonly<Record<string, Tensor>>;
  /** The networks, on the device, by name. */
  readonly networks: N;
  /** The optimisers, by name, for options that change with the step, such as a momentum. The rate is schedule()'s. */
  readonly optimizers: Readonly<Record<string, Optimizer>>;
  /** The options, complete. */
  readonly options: O;
}

/** What schedule() of a scheme works with. */
export interface ScheduleContext<O = object> {
  /** The number of the step that is about to be taken, from 0. */
  readonly step: number;
  /** The rate that the run began with. */
  readonly base: number;
  /** The rate that every other scheme has at that step: constant for the first half of the run, then linear towards zero. */
  readonly usual: number;
  /** The steps of the whole run; null while one of so many minutes has not been planned yet. */
  readonly totalSteps: number | null;
  /** Sets of images with labels of their own, whose steps take turns. Default 1. */
  readonly sets?: number;
  /** The options, complete. */
  readonly options: O;
}

/** A data set that the program draws, to train on where no other is named. */
export interface DrawnData {
  /** What it is, in the plural, such as 'digits'. */
  readonly title: string;
  /**
   * Opens it.
   *
   * @param seed that it is drawn by
   * @param split images to train on, or others to measure with
   * @param side of the images in pixels that the scheme keeps, for what can be drawn at any
   */
  open(seed: number, split: 'train' | 'val', side: number): ImageSet;
}

/** What a step of a scheme works with. */
export interface StepContext<O = object, N = Networks> {
  /** The networks, on the device, by name. */
  readonly networks: N;
  /** The optimisers, by name. */
  readonly optimizers: Readonly<Record<string, Optimizer>>;
  /** What the scheme keeps beside its networks, by name. */
  readonly state: Readonly<Record<string, Tensor>>;
  /** What prepare() has written for this step, by name. */
  readonly inputs: Readonly<Record<string, Tensor>>;
  /** The kind of the step; '' where all are alike. */
  readonly phase: string;
  /**
   * The labels of its images, [batch, names]; of several sets with a number more for each set, as ImageLabels has them. Null where the
   * scheme needs none.
   */
  readonly labels: Tensor | null;
  /** Of data of several sets with labels of their own, the set that the images of this step are of; left out where there is one set. */
  readonly labelSet?: PlacedLabelSet;
  /** The images of the step, by the names that sides() gives them: [batch, size, size, channels] in [-1, 1]. */
  readonly images: Readonly<Record<string, Tensor>>;
  /**
   * The parts of the batch that are to run one after the other, their gradients added up: inParts() and accumulate() do that. 1 unless the
   * scheme says that it accumulates.
   */
  readonly parts: number;
  /** The options, complete. */
  readonly options: O;
}

/** What the trained networks make of samples that they are not trained on. */
export interface Evaluator<Measure = unknown> {
  /** What measuring depends on beside the images: measurements of another key are not compared with those of this one. */
  readonly key: string;
  /** A sample as it is measured and shown: both halves of the size in which the networks work. */
  fit(pair: ImagePair): ImagePair;
  /**
   * Runs the networks on a sample. Nothing about the training changes.
   *
   * @param pair what fit() returned
   * @param index of the sample among those that are measured: what random draws follow from
   * @returns the pictures for the columns `made`, and the measures of this sample for summarize()
   */
  run(pair: ImagePair, index: number): Promise<{ made: RgbImage[]; measure: Measure }>;
  /**
   * Puts the measures of all samples together: a number for each metric of the scheme. NaN is one that there was nothing to measure for.
   */
  summarize(measures: readonly Measure[]): Record<string, number>;
  /**
   * Scores a predictor that learns nothing of its input, for comparison. Left out where there is none.
   *
   * @param train some of the training samples, fitted
   * @param measured the samples that are measured, fitted
   */
  baseline?(train: PairedDataset, measured: readonly ImagePair[], onProgress?: ProgressCallback): Promise<Baseline>;
  /** Gives its memory back; the networks stay. */
  dispose(): void;
}

/** The score of a predictor that learns nothing of its input. */
export interface Baseline {
  /** What the report calls it, such as 'mean photo'. */
  readonly name: string;
  /** Its value of each metric. */
  readonly metrics: Readonly<Record<string, number>>;
}

/** A column of pictures that training does not change. */
export interface PictureColumn {
  /** The heading. */
  readonly title: string;
  /** The half of a sample that it shows. */
  readonly half: 'a' | 'b';
}

/** The columns of pictures of a sample: what is given, what the networks make at a step, what would be right. */
export interface PictureColumns {
  /** What the networks are given. */
  readonly given: readonly PictureColumn[];
  /** The headings of what they make, in the order of what an Evaluator makes of a sample. */
  readonly made: readonly string[];
  /** What would be right. */
  readonly wanted: readonly PictureColumn[];
  /**
   * What is compared when results are evaluated, by headings: pictures that are made, of what, and those that they should be like, one
   * direction or several. Default: the first that is made with the first that would be right.
   */
  readonly compared?: readonly ComparedColumns[];
}

/** What is compared when results are evaluated, by headings of columns. */
export interface ComparedColumns {
  /** Which way of several it is, such as 'AtoB'. */
  readonly direction: string;
  /** What is given. */
  readonly given: string;
  /** What is made of it. */
  readonly made: string;
  /** What that should be like, among what is given or would be right. */
  readonly real: string;
}

/** A picture of a sample that a discriminator judges patch by patch. */
export interface JudgedPicture {
  /** The name of the discriminator. */
  readonly network: string;
  /** The heading of the picture that it judges, among those that are given, made and wanted. */
  readonly picture: string;
  /** The heading of the picture that it sees beside it, where it is conditional. */
  readonly beside?: string;
  /** The channels of each picture that it sees, in its order. */
  readonly channels: readonly number[];
  /** What its numbers mean. */
  readonly verdict: VerdictKind;
}

/** Losses that say that a training goes nowhere, when they stay so low for so many steps in a row. */
export interface LossWatch {
  /** The losses, all of which have to be low. */
  readonly losses: readonly string[];
  /** They are low below this. */
  readonly below: number;
  /** The number of steps in a row. */
  readonly steps: number;
  /** Whether low losses say that with these options of the run. Default: always. */
  when?(options: Readonly<Record<string, OptionValue>>): boolean;
  /**
   * Says what happened by a step, and what to try in a new run.
   *
   * @param options of the run
   * @param lowerRate a learning rate to try
   */
  describe(step: number, options: Readonly<Record<string, OptionValue>>, lowerRate: number): string;
}

/**
 * What a run takes from a preset where no flag says otherwise: options of the scheme, and the length, the batch and the rate of the run.
 */
export type PresetDefaults = Readonly<Record<string, OptionValue>>;

/** The presets of the train program. */
export interface SchemePresets<O = object> {
  /** The full setting in words, such as '256 pixels, width 64, 200 epochs; days to weeks without a GPU'. */
  readonly description: string;
  /** The setting of the paper. */
  readonly full: PresetDefaults & { readonly epochs: number; readonly learningRate: number };
  /** A quick trial. */
  readonly preview: PresetDefaults & { readonly minutes: number; readonly learningRate: number };
  /** What a preview tries in turn until one is fast enough, on a GPU and on a software adapter. */
  readonly previewScales: { readonly hardware: readonly PresetDefaults[]; readonly software: readonly PresetDefaults[] };
  /**
   * The learning rate where options ask for another than that of the preset; undefined where they do not.
   *
   * @param options of the scheme, complete
   * @param preset of the run
   */
  rate?(options: O, preset: 'full' | 'preview'): number | undefined;
}

/** How a run of a scheme lies in files of PyTorch. */
export interface PyTorchRunRow {
  /** For each network the role by which it is found among those of a file; several of one role are told apart by their names. */
  readonly roles: Readonly<Record<string, NetworkRole>>;
  /** What PyTorch's program calls each network in the names of its files, such as 'G_A' in latest_net_G_A.pth. */
  readonly names: Readonly<Record<string, string>>;
  /** Its optimisers, as a file of a whole run has them: for each the networks whose parameters it has, one after the other. */
  readonly optimizers: Readonly<Record<string, readonly string[]>>;
  /** How often each network runs forward in a step of a run with these options, which is what num_batches_tracked counts. */
  forwards(options: Readonly<Record<string, unknown>>): Readonly<Record<string, number>>;
  /** The options of torch.optim.Adam. */
  readonly adam: { readonly betas: readonly [number, number]; readonly epsilon: number };
}

/**
 * A training scheme: one file, and one row of the registry. It says what is trained and how; trainer, checkpoints, log, report,
 * validation and the train program work from what is said here, and name no scheme.
 *
 * `O` are its options, complete; `N` its networks. docs/schemes.md explains each part by an example.
 */
export interface TrainingScheme<O extends object = object, N extends Networks = Networks> {
  /** What files call it, such as 'pix2pix'. Files rely on it, so it never changes. */
  readonly name: string;
  /** What people call it. */
  readonly title: string;
  /** What it does, in a sentence or two, for --help. */
  readonly summary: string;
  /** The folder below runs/ that its runs go to where nothing else is said. Default: its name. */
  readonly folder?: string;
  /** Its own options. Those of every run (batch, learningRate, seed) are not among them. */
  readonly options: OptionTable<O>;
  /** Options of pytorch-CycleGAN-and-pix2pix that are no options here, each with what it always is: `{ norm: 'batch' }`. */
  readonly reference?: Readonly<Record<string, string>>;
  /** What the train program takes where no flag says otherwise. */
  readonly presets: SchemePresets<O>;
  /**
   * Fills in what follows from other options, and refuses what does not go together.
   *
   * @param options each right by itself; those that were left out have their default
   * @param labels of the data, for a scheme that needs them; left out where no data are known yet
   * @throws INVALID_ARGUMENT
   */
  complete?(options: O, labels?: Labelling): O;
  /** The options in words, such as `256 x 256 pixels`, for the line at the start of a run. */
  describe(options: O): readonly string[];
  /**
   * The architecture of each network, in the order of a checkpoint.
   *
   * @param given architectures to take instead of the scheme's own, as a file of weights or a checkpoint has them
   * @param labels of the data, for a scheme that needs them
   * @throws INVALID_ARGUMENT for networks that the scheme cannot train
   */
  networks(options: O, given: Partial<Architectures<N>>, labels?: Labelling): Architectures<N>;
  /**
   * The options that follow from networks out of a file, such as the size of their images.
   *
   * @param label names the file in errors
   * @throws WEIGHTS_UNSUPPORTED for networks that the scheme cannot train
   */
  optionsOf?(given: Partial<Architectures<N>>, label: string): Partial<O>;
  /**
   * Fills the networks with other weights than those that they are placed with, once, before anything is loaded into them; it has to follow
   * from the arguments. Left out where networks begin as they are.
   */
  initialize?(networks: N, options: O, seed: number): void;
  /** The optimisers, in the order of a checkpoint, by name. */
  readonly optimizers: Readonly<Record<string, SchemeOptimizer<O>>>;
  /** What it keeps beside its networks from step to step, on the device: saved in checkpoints. Left out where it keeps nothing. */
  state?(gpu: Gpu, options: O & { readonly batch: number }, networks: N): Readonly<Record<string, Tensor>>;
  /** What prepare() writes anew before each step: random numbers and choices of the host. Left out where there is nothing. */
  inputs?(gpu: Gpu, options: O & { readonly batch: number }): Readonly<Record<string, Tensor>>;
  /** Writes the inputs of the step that is about to be taken; all of it has to follow from the context, so that runs can go on. */
  prepare?(context: PrepareContext<O, N>): void;
  /** The learning rate of a step, where it is another than the usual one. It has to follow from the context. */
  schedule?(context: ScheduleContext<O>): number;
  /**
   * What the data are: pairs; two sets of images, each in an order and with a jitter of its own; or one set. Default 'paired'.
   */
  readonly data?: 'paired' | 'unpaired' | 'images';
  /**
   * Options of a scheme of pairs that is trained on pairs which are made of single pictures, half A of half B, unless they are said.
   */
  readonly made?: Readonly<Partial<O>>;
  /** The images that the program draws where no data are named, for a scheme of one set. Default: photos of facades. */
  readonly drawn?: DrawnData;
  /** Whether a step needs the labels of its images. Default false. */
  readonly labelled?: boolean;
  /**
   * Whether the data may be of several sets with labels of their own (joinLabelledSets()). Steps then take turns, each with images of one
   * set, which `labelSet` of its context says. Default false.
   */
  readonly severalSets?: boolean;
  /** Whether step() runs the `parts` of its context one after the other, for batches that memory does not hold at once. Default false. */
  readonly accumulates?: boolean;
  /**
   * The kind of a step, where not all do the same: a name, for each of which the step is recorded once. It has to follow from the step;
   * of several sets, from the number of the round, in which each set has a step. Left out where all steps are alike.
   */
  phase?(step: number, options: O): string;
  /** The sizes of the images of a step. */
  sizes(options: O): ImagePlan;
  /** The images of a step by name: what it sees of a sample. */
  sides(options: O, networks: N): Readonly<Record<string, ImageSide>>;
  /** How the halves of pairs are read, where that is not as eight-bit pictures. Left out where they always are. */
  readings?(options: O): { readonly a?: HalfReading; readonly b?: HalfReading };
  /** The losses by name, in the order of the log. */
  readonly losses: Readonly<Record<string, SchemeLoss<O>>>;
  /**
   * Takes one step: runs the networks, and the optimisers. It is recorded once and replayed, so it must dispatch the same work each
   * time; what changes from step to step comes from tensors.
   *
   * @returns each loss, a tensor of one number
   */
  step(context: StepContext<O, N>): Readonly<Record<string, Tensor>>;
  /** The measures on samples that it is not trained on, by name; the first is the one that the report draws. */
  readonly metrics: Readonly<Record<string, SchemeMetric>>;
  /**
   * The pictures of a sample.
   *
   * @param labels of the data, for a scheme that needs them
   */
  pictures(options: O, labels?: Labelling): PictureColumns;
  /**
   * Prepares what runs the networks on samples.
   *
   * @param labels of the data, for a scheme that needs them; those of a sample are its `labels`
   */
  evaluator(gpu: Gpu, networks: N, options: O, labels?: Labelling): Promise<Evaluator>;
  /** The pictures of a sample that a discriminator judges patch by patch, for maps of its verdicts. Left out where none does. */
  judged?(options: O, networks: N): readonly JudgedPicture[];
  /** Losses that say that a training goes nowhere. */
  readonly watch?: LossWatch;
  /** How its runs lie in files of PyTorch; left out where there is no such program. */
  readonly pytorch?: PyTorchRunRow;
}

/** The losses that a scheme has with these options, in the order of the log. */
export function lossRows<O extends object, N extends Networks>(
  scheme: Pick<TrainingScheme<O, N>, 'losses'>,
  options: O,
): Readonly<Record<string, SchemeLoss<O>>> {
  return Object.fromEntries(Object.entries(scheme.losses).filter(([, { when }]) => when?.(options) ?? true));
}

/** The phase of a step: of several sets, whose steps take turns, that of the round in which each has one. */
export const phaseOf = <O extends object>(
  scheme: { phase?(step: number, options: O): string },
  step: number,
  options: O,
  sets: number,
): string => scheme.phase?.(Math.floor(step / sets), options) ?? '';
