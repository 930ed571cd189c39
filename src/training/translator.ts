import { noGrad } from '../autograd/graph.js';
import { createImage, type RgbImage } from '../data/image.js';
import { resizeBicubic } from '../data/resize.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Recording } from '../gpu/recording.js';
import { floatToImage, imageToFloat } from '../kernels/image.js';
import type { UNet } from '../models/unet.js';
import { Tensor } from '../tensor/tensor.js';

export interface TranslatorOptions {
  /** Dropout at test time, as the paper has it: the only source of variety. Default true. */
  dropout?: boolean;
  /** Statistics of the norms: of the image itself, as the paper, or those gathered while training. Default 'batch'. */
  statistics?: 'batch' | 'running';
}

/** Runs a generator on single images, recorded once. */
export class Translator {
  private constructor(
    private readonly generator: UNet,
    private readonly input: Tensor,
    private readonly output: Tensor,
    private readonly recording: Recording,
  ) {}

  /**
   * Records the generator's work on one image.
   * @param gpu that the generator is on
   * @param generator of RGB images; it stays the caller's
   * @throws INVALID_ARGUMENT for a generator on no device; SHAPE_MISMATCH for one that does not take RGB;
   *   OUT_OF_MEMORY, SHADER_COMPILE; nothing is left allocated then
   */
  static async create(gpu: Gpu, generator: UNet, { dropout = true, statistics = 'batch' }: TranslatorOptions = {}): Promise<Translator> {
    const { size } = generator;
    const input = Tensor.fromBytes(gpu, new Uint8Array(size * size * 3), [1, size, size, 3], 'image to translate').keep();
    try {
      const { recording, result } = await gpu.record(() =>
        noGrad(() => floatToImage(generator.forward(imageToFloat(input), { training: false, statistics, dropout }))),
      );
      return new Translator(generator, input, result.keep(), recording);
    } catch (error) {
      input.dispose();
      throw error;
    }
  }

  /**
   * Translates one image.
   * @param image any size; resized to the generator's (bicubic)
   * @param seed chooses the dropout masks; the same seed gives the same picture
   */
  async translate(image: RgbImage, seed = 0): Promise<RgbImage> {
    const { size } = this.generator;
    const sized = image.width === size && image.height === size ? image : resizeBicubic(image, size, size);
    this.input.writeBytes(sized.data);
    this.generator.dropoutState.advance(seed);
    this.recording.run();
    const result = createImage(size, size);
    result.data.set(await this.output.bytes());
    return result;
  }

  /** Gives back the memory of the step; the generator stays. */
  dispose(): void {
    this.recording.destroy();
    this.input.dispose();
    this.output.dispose();
  }
}
