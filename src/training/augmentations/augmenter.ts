import type { Gpu } from '../../gpu/gpu.js';
import { RandomStream } from '../../random.js';
import { Tensor } from '../../tensor/tensor.js';
import type { ImageSide } from '../scheme.js';
import type { TurnedOn } from './registry.js';

/** What the draws for a sample follow from. */
export interface DrawSource {
  readonly seed: number;
  readonly epoch: number;
  /** The number of the sample; what that is a number of, the caller says. */
  readonly index: number;
}

/** Changes the images of a step at random: holds what is drawn for those that are drawn together, and applies it. */
export class Augmenter {
  private readonly draws: readonly Tensor[];

  /** @param batch samples of a step */
  constructor(
    gpu: Gpu,
    private readonly turnedOn: readonly TurnedOn[],
    batch: number,
  ) {
    const draws: Tensor[] = [];
    this.draws = draws;
    try {
      for (const { augmentation } of turnedOn) {
        const { numbers, title } = augmentation;
        draws.push(Tensor.from(gpu, new Float32Array(batch * numbers), [batch, numbers], `draws of the ${title}`).keep());
      }
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  /** Draws for the samples of a step. @returns what has to be called to have its images changed so, at once before the step runs */
  draw(sources: readonly DrawSource[]): () => void {
    const drawn = this.turnedOn.map(({ augmentation, options }) =>
      Float32Array.from(
        sources.flatMap(({ seed, epoch, index }) =>
          augmentation.draw(new RandomStream((seed ^ augmentation.stream) >>> 0, epoch, index), options),
        ),
      ),
    );
    return () => this.draws.forEach((draws, index) => draws.write(drawn[index]!));
  }

  /** Changes the images of a side; those that come in are given back where others go out. */
  apply(images: Tensor, side: ImageSide): Tensor {
    return this.turnedOn.reduce((before, { augmentation, options }, index) => {
      if (augmentation.changes?.(side, options) === false) return before;
      const after = augmentation.apply(before, this.draws[index]!, side, options);
      before.dispose();
      return after;
    }, images);
  }

  /** Gives the memory back. */
  dispose(): void {
    for (const draws of this.draws) draws.dispose();
  }
}
