import { noGrad } from '../autograd/graph.js';
import { imageOfBytes } from '../data/grey.js';
import type { RgbImage } from '../data/image.js';
import { ShadegradError } from '../errors.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Recording } from '../gpu/recording.js';
import { expectOptions, expectWord } from '../checks.js';
import { floatToImage } from '../kernels/image.js';
import { labelled } from '../models/labels.js';
import { drawNoise, fromNetwork, isNoiseGenerator, type NoiseGenerator } from '../models/noise.js';
import { Tensor } from '../tensor/tensor.js';

/** Options of ImageMaker.create(): how the generator is run. */
export interface ImageMakerOptions {
  /** The statistics that norms use: those gathered while training, or those of images that are made together. Default 'running'. */
  statistics?: 'batch' | 'running';
}

/** What an image is to be made of. */
export interface ImageOrder {
  /** Its random numbers, as noise() draws them. */
  readonly noise: Float32Array;
  /** Of a network with labels the number of the one that it is to show, from 0. */
  readonly label?: number | undefined;
}

/** Images that are made together. Always so many, so that with the statistics of the training the place of an image changes nothing. */
const BATCH = 16;

/** A maker of images: runs a generator of random numbers, with labels or without, recorded once. */
export class ImageMaker {
  private constructor(
    private readonly generator: NoiseGenerator,
    private readonly noiseInput: Tensor,
    private readonly labels: Tensor | null,
    private readonly pictures: Tensor,
    private readonly recording: Recording,
  ) {}

  /**
   * Records the generator's work on a batch.
   *
   *     const maker = await ImageMaker.create(gpu, generator);
   *     const [seven] = await maker.make([{ noise: (await maker.noise(1, 1))[0], label: 7 }]);
   *
   * @param gpu that the generator is on
   * @param generator it stays the caller's
   * @throws INVALID_ARGUMENT for a network that makes no images of random numbers, other channels than 1 or 3, or a generator on no
   *   device; OUT_OF_MEMORY, SHADER_COMPILE; nothing is left allocated then
   */
  static async create(gpu: Gpu, generator: NoiseGenerator, options: ImageMakerOptions = {}): Promise<ImageMaker> {
    const { statistics = 'running' } = expectOptions('ImageMaker.create', options, ['statistics']);
    if (!isNoiseGenerator(generator) || ![1, 3].includes(generator.makes.channels)) {
      throw new ShadegradError('INVALID_ARGUMENT', 'a generator to make images with', {
        expected: 'a network that makes images of 1 or 3 channels of random numbers, such as a DCGANGenerator',
        received: (generator as object | null)?.constructor.name ?? String(generator),
        fix: 'for a network that translates images take a Translator',
      });
    }
    const { takes, makes } = generator;
    const noise = Tensor.from(gpu, new Float32Array(BATCH * takes.numbers), [BATCH, 1, 1, takes.numbers], 'noise').keep();
    const wanted = new Float32Array(BATCH * takes.labels);
    const labels = takes.labels === 0 ? null : Tensor.from(gpu, wanted, [BATCH, takes.labels], 'labels').keep();
    try {
      const { recording, result } = await gpu.record(() =>
        noGrad(() => {
          const made = generator.forward(labelled(noise, labels), { training: false, statistics });
          return floatToImage(fromNetwork(made, makes));
        }),
      );
      return new ImageMaker(generator, noise, labels, result.keep(), recording);
    } catch (error) {
      noise.dispose();
      labels?.dispose();
      throw error;
    }
  }

  /**
   * Draws the random numbers of images. Those of an image depend on the seed and on its place alone, so that more images begin with the
   * same ones.
   *
   * @param seed whole number of 32 bits
   * @throws INVALID_ARGUMENT for another seed, or a count that is no whole number
   */
  async noise(seed: number, count: number): Promise<Float32Array[]> {
    expectWord('seed of images', seed);
    expectCount(count);
    const { numbers } = this.generator.takes;
    const drawn: Float32Array[] = [];
    for (let chunk = 0; drawn.length < count; chunk++) {
      drawNoise(this.noiseInput, this.generator.takes, seed, chunk);
      const data = await this.noiseInput.data();
      for (let at = 0; at < BATCH && drawn.length < count; at++) drawn.push(data.slice(at * numbers, (at + 1) * numbers));
    }
    return drawn;
  }

  /**
   * Makes images.
   *
   * @returns an image for each order
   * @throws INVALID_ARGUMENT for random numbers of another count, and for a label that there is not, is missing or is one too many
   */
  async make(orders: readonly ImageOrder[]): Promise<RgbImage[]> {
    const { takes, makes } = this.generator;
    for (const order of orders) this.expectOrder(order);
    const one = makes.size * makes.size * makes.channels;
    const images: RgbImage[] = [];
    for (let start = 0; start < orders.length; start += BATCH) {
      // Where there are fewer, all of them again: not one alone, which the statistics of a batch would be of.
      const chunk = Array.from({ length: BATCH }, (_, at) => orders[(start + at) % orders.length]!);
      this.noiseInput.write(Float32Array.from(chunk.flatMap(({ noise }) => [...noise])));
      this.labels?.write(
        Float32Array.from(chunk.flatMap(({ label }) => Array.from({ length: takes.labels }, (_, at) => Number(at === label)))),
      );
      this.recording.run();
      const bytes = await this.pictures.bytes();
      for (let at = 0; at < Math.min(BATCH, orders.length - start); at++)
        images.push(imageOfBytes(bytes.slice(at * one, (at + 1) * one), makes.size, makes.size, makes.channels as 1 | 3));
    }
    return images;
  }

  private expectOrder({ noise, label }: ImageOrder): void {
    const { numbers, labels } = this.generator.takes;
    const fits = labels === 0 ? label === undefined : Number.isSafeInteger(label) && label! >= 0 && label! < labels;
    if (noise.length === numbers && fits) return;
    throw new ShadegradError('INVALID_ARGUMENT', 'what an image is to be made of', {
      expected: `${numbers} random numbers, and ${labels === 0 ? 'no label' : `a label from 0 to ${labels - 1}`}`,
      received: `${noise.length} numbers, label ${label}`,
      fix: 'take the numbers of noise(), and a label where the network takes labels',
    });
  }

  /** Gives the memory back; the generator stays. */
  dispose(): void {
    this.recording.destroy();
    for (const tensor of [this.noiseInput, this.labels, this.pictures]) tensor?.dispose();
  }
}

function expectCount(count: number): void {
  if (Number.isSafeInteger(count) && count >= 0) return;
  throw new ShadegradError('INVALID_ARGUMENT', 'count of images', {
    expected: 'a whole number of at least 0',
    received: String(count),
    fix: 'round it',
  });
}

/**
 * Goes from one vector to another on an arc: the direction turns evenly and the length changes evenly (Shoemake's slerp, for vectors of any
 * length). Random numbers between two draws have the lengths of draws then, which those on a straight line have not.
 *
 *     const halfway = slerp(first, second, 0.5);
 *
 * @param share 0 for the first, 1 for the second
 */
export function slerp(first: Float32Array, second: Float32Array, share: number): Float32Array {
  const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, value, index) => sum + value * b[index]!, 0);
  const [firstLength, secondLength] = [Math.sqrt(dot(first, first)), Math.sqrt(dot(second, second))];
  const cosine = dot(first, second) / (firstLength * secondLength);
  const angle = Math.acos(Math.min(1, Math.max(-1, cosine)));
  // Of vectors in one direction, or without any, the arc is a straight line.
  if (!(Math.sin(angle) > 1e-6)) return first.map((value, index) => value + share * (second[index]! - value));
  const length = firstLength + share * (secondLength - firstLength);
  const [ofFirst, ofSecond] = [Math.sin((1 - share) * angle), Math.sin(share * angle)].map((part) => (length * part) / Math.sin(angle));
  return first.map((value, index) => (ofFirst! * value) / firstLength + (ofSecond! * second[index]!) / secondLength);
}
