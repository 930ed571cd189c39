import { createHash } from 'node:crypto';
import { pairAt, type PairedDataset } from '../../data/dataset.js';
import { greyImage } from '../../data/grey.js';
import type { ImagePair, RgbImage } from '../../data/image.js';
import { resizeBicubic } from '../../data/resize.js';
import type { Gpu } from '../../gpu/gpu.js';
import type { UNet } from '../../models/unet.js';
import { averageMetrics, compareImages, constantBaseline, meanImage, type ImageMetrics } from '../../training/metrics.js';
import { Translator } from '../../training/translator.js';
import { spread } from '../images/spread.js';
import { SAMPLED_PAIRS } from './data.js';
import type { RunSettings } from './settings.js';
import { StatusLine } from './status-line.js';

export interface Validated {
  metrics: ImageMetrics;
  /** What the generator made of the pictured images, in their order. */
  outputs: RgbImage[];
}

/** Validation images that are measured unless told otherwise: of a large set a part says as much and does not delay the start. */
const MEASURED = 100;
/** Likewise in a preview or on a software adapter. */
const MEASURED_WHEN_SLOW = 25;

/**
 * How many validation images a run measures, at most.
 *
 * @param asked by --validate, or by the checkpoint of a resumed run
 * @param resumed a run whose checkpoint does not say was measured on all of them
 */
export function measuredImages(asked: number | undefined, { slow, resumed }: { slow: boolean; resumed: boolean }): number {
  return asked ?? (slow ? MEASURED_WHEN_SLOW : resumed ? Infinity : MEASURED);
}

/** Pairs whose pictures the report shows over time. */
const PICTURED = 6;

/** A generator's measure on fixed images that it never trains on, with what it makes of the first few. */
export class Validator {
  private constructor(
    private readonly translator: Translator,
    private readonly channels: PairChannels,
    /** What is translated, at the generator's size. */
    private readonly inputs: readonly RgbImage[],
    private readonly targets: readonly RgbImage[],
    private readonly allNames: readonly string[],
    /** Of the names and contents of everything that is measured. */
    readonly fingerprint: string,
  ) {}

  /** @param count validation pairs to use, spread over the set */
  static async create(
    gpu: Gpu,
    generator: UNet,
    dataset: PairedDataset,
    { direction, dropout }: RunSettings,
    count: number,
  ): Promise<Validator> {
    const channels = channelsOf(generator, direction);
    const sized = resized(dataset, generator.size, channels);
    const indices = spread(dataset.length, count);
    // Asked for at the same time, so that a file is read once.
    const read = await Promise.all(indices.map((index) => Promise.all([sized.get(index), dataset.contentOf?.(index)])));
    const pairs = read.map(([pair]) => pair);
    const contents = read.map(([pair, content]) => content ?? pixelsOf(pair));
    const [from, to] = direction === 'AtoB' ? (['a', 'b'] as const) : (['b', 'a'] as const);
    const translator = await Translator.create(gpu, generator, { dropout });
    const [inputs, targets] = [pairs.map((pair) => pair[from]), pairs.map((pair) => pair[to])];
    return new Validator(
      translator,
      channels,
      inputs,
      targets,
      pairs.map(({ name }) => name),
      fingerprintOf(pairs, contents, direction),
    );
  }

  get length(): number {
    return this.inputs.length;
  }

  get pictured(): { inputs: RgbImage[]; targets: RgbImage[]; names: string[] } {
    return { inputs: this.inputs.slice(0, PICTURED), targets: this.targets.slice(0, PICTURED), names: this.allNames.slice(0, PICTURED) };
  }

  /** Changes nothing about the training, whose dropout does not come from here. */
  async run(): Promise<Validated> {
    const metrics: ImageMetrics[] = [];
    const outputs: RgbImage[] = [];
    for (const [index, input] of this.inputs.entries()) {
      const output = await this.translator.translate(input, index);
      metrics.push(compareImages(output, this.targets[index]!));
      if (index < PICTURED) outputs.push(output);
    }
    return { metrics: averageMetrics(metrics), outputs };
  }

  /**
   * What the mean of a sample of the training photos scores on the same images: the best answer of a model that ignores its
   * input.
   */
  async baseline(train: PairedDataset, direction: RunSettings['direction']): Promise<ImageMetrics> {
    const half = direction === 'AtoB' ? 'b' : 'a';
    const { width } = this.targets[0]!;
    const line = new StatusLine();
    const sample = sampled(resized(train, width, this.channels), SAMPLED_PAIRS);
    const mean = await meanImage(sample, half, (done, total) => line.show(`averaging training photos: ${done} of ${total}`)).finally(() =>
      line.end(),
    );
    const targets: PairedDataset = {
      name: 'targets',
      length: this.length,
      get: (index) => ({ name: '', a: this.targets[index]!, b: this.targets[index]! }),
    };
    return constantBaseline(mean, targets, half);
  }

  dispose(): void {
    this.translator.dispose();
  }
}

/** 64 bits are enough to tell the few sets that one run is ever measured on from each other. */
function fingerprintOf(pairs: readonly ImagePair[], contents: readonly string[], direction: RunSettings['direction']): string {
  const hash = createHash('sha256').update(direction);
  for (const [at, { name, a }] of pairs.entries()) hash.update(JSON.stringify([name, a.width, a.height, contents[at]]));
  return hash.digest('hex').slice(0, 16);
}

const pixelsOf = ({ a, b }: ImagePair): string => createHash('sha256').update(a.data).update(b.data).digest('hex');

function sampled(dataset: PairedDataset, count: number): PairedDataset {
  const indices = spread(dataset.length, count);
  return { name: dataset.name, length: indices.length, get: (index) => dataset.get(indices[index]!) };
}

/** Channels in which the generator sees the two halves of a pair: of one, a half is grey here, too. */
type PairChannels = Readonly<Record<'a' | 'b', number>>;

function channelsOf({ inChannels, outChannels }: UNet, direction: RunSettings['direction']): PairChannels {
  return direction === 'AtoB' ? { a: inChannels, b: outChannels } : { a: outChannels, b: inChannels };
}

function resized(dataset: PairedDataset, side: number, channels: PairChannels): PairedDataset {
  const fit = (image: RgbImage, count: number): RgbImage => {
    const seen = count === 1 ? greyImage(image) : image;
    return seen.width === side && seen.height === side ? seen : resizeBicubic(seen, side, side);
  };
  return {
    name: dataset.name,
    length: dataset.length,
    async get(index) {
      const { name, a, b } = await pairAt(dataset, index);
      return { name, a: fit(a, channels.a), b: fit(b, channels.b) };
    },
  };
}
