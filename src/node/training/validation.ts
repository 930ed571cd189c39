import { createHash } from 'node:crypto';
import type { PairedDataset } from '../../data/dataset.js';
import type { ImagePair, RgbImage } from '../../data/image.js';
import { resizeBicubic } from '../../data/resize.js';
import type { Gpu } from '../../gpu/gpu.js';
import type { UNet } from '../../models/unet.js';
import { averageMetrics, compareImages, constantBaseline, meanImage, type ImageMetrics } from '../../training/metrics.js';
import { Translator } from '../../training/translator.js';
import type { RunSettings } from './settings.js';
import { StatusLine } from './status-line.js';

export interface Validated {
  metrics: ImageMetrics;
  /** What the generator made of the pictured images, in their order. */
  outputs: RgbImage[];
}

/** Pairs whose pictures the report shows over time. */
const PICTURED = 6;

/** A generator's measure on fixed images that it never trains on, with what it makes of the first few. */
export class Validator {
  private constructor(
    private readonly translator: Translator,
    /** What is translated, at the generator's size. */
    private readonly inputs: readonly RgbImage[],
    private readonly targets: readonly RgbImage[],
    private readonly allNames: readonly string[],
    /** Of the names and pixels of everything that is measured. */
    readonly fingerprint: string,
  ) {}

  /** @param count validation pairs to use, spread over the set */
  static async create(gpu: Gpu, generator: UNet, dataset: PairedDataset, { direction, dropout }: RunSettings, count: number): Promise<Validator> {
    const sized = resized(dataset, generator.size);
    const used = Math.min(count, dataset.length);
    const pairs = await Promise.all(Array.from({ length: used }, (_, index) => sized.get(Math.floor((index * dataset.length) / used))));
    const [from, to] = direction === 'AtoB' ? (['a', 'b'] as const) : (['b', 'a'] as const);
    const translator = await Translator.create(gpu, generator, { dropout });
    return new Validator(translator, pairs.map((pair) => pair[from]), pairs.map((pair) => pair[to]), pairs.map(({ name }) => name), fingerprintOf(pairs, direction));
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

  /** What the training photos' mean scores on the same images: the best answer of a model that ignores its input. */
  async baseline(train: PairedDataset, direction: RunSettings['direction']): Promise<ImageMetrics> {
    const half = direction === 'AtoB' ? 'b' : 'a';
    const { width } = this.targets[0]!;
    const line = new StatusLine();
    const mean = await meanImage(resized(train, width), half, (done, total) => line.show(`averaging the training photos: ${done} of ${total}`)).finally(() => line.end());
    const targets: PairedDataset = { name: 'targets', length: this.length, get: (index) => ({ name: '', a: this.targets[index]!, b: this.targets[index]! }) };
    return constantBaseline(mean, targets, half);
  }

  dispose(): void {
    this.translator.dispose();
  }
}

/** 64 bits are enough to tell the few sets that one run is ever measured on from each other. */
function fingerprintOf(pairs: readonly ImagePair[], direction: RunSettings['direction']): string {
  const hash = createHash('sha256').update(direction);
  for (const { name, a, b } of pairs) hash.update(JSON.stringify([name, a.width, a.height])).update(a.data).update(b.data);
  return hash.digest('hex').slice(0, 16);
}

function resized(dataset: PairedDataset, side: number): PairedDataset {
  const fit = (image: RgbImage): RgbImage => (image.width === side && image.height === side ? image : resizeBicubic(image, side, side));
  return {
    name: dataset.name,
    length: dataset.length,
    async get(index) {
      const { name, a, b } = await dataset.get(index);
      return { name, a: fit(a), b: fit(b) };
    },
  };
}
