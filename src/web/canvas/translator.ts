import { noGrad } from '../../autograd/graph.js';
import { expectOptions, expectWord } from '../../checks.js';
import { ShadegradError } from '../../errors.js';
import type { Gpu } from '../../gpu/gpu.js';
import type { Recording } from '../../gpu/recording.js';
import { imageToFloat } from '../../kernels/image.js';
import type { Generator } from '../../models/kind.js';
import { labelCount } from '../../models/registry.js';
import { Tensor } from '../../tensor/tensor.js';
import { sidesOf } from '../../training/fits/sides.js';
import { CANVAS_FITS, type CanvasFit } from './fit.js';
import { Intake, type PixelPath } from './intake.js';
import { LatestWins } from './latest.js';
import { defaultOutput, Outlet, type AnyCanvas } from './outlet.js';
import type { ImageSource } from './source.js';

/** Options of CanvasTranslator.create(). */
export interface CanvasTranslatorOptions {
  /** The canvas that results are shown on; it gets their size. */
  canvas: AnyCanvas;
  /** Sides of the images that go through the generator. Default: the generator's own. */
  size?: number | readonly [width: number, height: number];
  /** How sources of other proportions become images. Default 'cover'. */
  fit?: CanvasFit;
  /** Whether left and right are exchanged, as one wants of a webcam. Default false. */
  mirror?: boolean;
  /** What shows through clear pixels, and beside a source that is contained: red, green, blue from 0 to 255. Default white. */
  background?: readonly [red: number, green: number, blue: number];
  /** Whether dropout drops, as in a Translator. Default true. */
  dropout?: boolean;
  /** The statistics that norms use, as in a Translator. Default 'batch'. */
  statistics?: 'batch' | 'running';
  /** How pixels come in. Default 'device', where the browser can do so for a source. */
  input?: PixelPath;
  /** How results come onto the canvas. Default 'device' on a GPU, 'host' on an adapter that is a CPU. */
  output?: PixelPath;
}

/** Options of draw(). */
export interface DrawOptions {
  /** Chooses the dropout masks: the same seed gives the same picture. Default 0. */
  seed?: number;
}

/** What became of a draw: shown, with the paths that its pixels went, or dropped for a newer one. */
export type Drawn = { readonly dropped: true } | { readonly dropped: false; readonly input: PixelPath; readonly output: PixelPath };

const NAMES = ['canvas', 'size', 'fit', 'mirror', 'background', 'dropout', 'statistics', 'input', 'output'] as const;

interface Job {
  readonly source: ImageSource;
  readonly seed: number;
}

/**
 * A translator of pictures, canvases and videos onto a canvas: of draws that come while one runs, the newest waits and others are dropped.
 */
export class CanvasTranslator {
  private readonly latest = new LatestWins((job: Job) => this.run(job));
  private disposed = false;

  private constructor(
    private readonly gpu: Gpu,
    private readonly generator: Generator,
    private readonly options: Required<Omit<CanvasTranslatorOptions, 'canvas' | 'size' | 'dropout' | 'statistics' | 'output'>>,
    private readonly input: Tensor,
    private readonly output: Tensor,
    private readonly recording: Recording,
    private readonly intake: Intake,
    private readonly outlet: Outlet,
  ) {}

  /**
   * Records the generator's work on one image, and takes a context of the canvas.
   *
   * @param generator of 1 or 3 channels; it stays the caller's
   * @throws INVALID_ARGUMENT for options that cannot be, a generator of other channels or one that takes labels, and a canvas with another
   *   context; OUT_OF_MEMORY, SHADER_COMPILE, DEVICE_LOST
   */
  static async create(gpu: Gpu, generator: Generator, options: CanvasTranslatorOptions): Promise<CanvasTranslator> {
    expectOptions('CanvasTranslator.create', options, NAMES, { required: ['canvas'] });
    const { fit = 'cover', mirror = false, background = [255, 255, 255], dropout = true, statistics = 'batch' } = options;
    const { input: way = 'device', output: wayOut = defaultOutput(gpu) } = options;
    expectChoice('fit', fit, Object.keys(CANVAS_FITS));
    expectChoice('mirror', mirror, [true, false]);
    expectChoice('dropout', dropout, [true, false]);
    expectChoice('statistics', statistics, ['batch', 'running']);
    expectChoice('input', way, ['device', 'host']);
    expectChoice('output', wayOut, ['device', 'host']);
    expectBackground(background);
    const [width, height] = sidesOf(options.size ?? generator.imageSizes.own, generator.imageSizes);
    expectGenerator(generator);
    const { inChannels } = generator;
    const blank = new Float32Array(width * height * inChannels);
    const input = Tensor.from(gpu, blank, [1, height, width, inChannels], 'image to translate').keep();
    try {
      const outlet = new Outlet(gpu, options.canvas, wayOut);
      const { recording, result } = await gpu.record(() =>
        noGrad(() => generator.forward(input, { training: false, statistics, dropout })),
      );
      const kept = { fit, mirror, background, input: way };
      return new CanvasTranslator(gpu, generator, kept, input, result.keep(), recording, new Intake(gpu), outlet);
    } catch (error) {
      input.dispose();
      throw error;
    }
  }

  /**
   * Translates what a source shows, and shows the result. While an earlier draw runs it waits for its turn; a newer one then takes its
   * place, and it is told that it was dropped. A source is read when its turn comes: close frames after that.
   *
   * @throws IMAGE_NOT_READY, IMAGE_SIZE, IMAGE_TAINTED, LIMIT_EXCEEDED and INVALID_ARGUMENT for a source or a seed that cannot be;
   *   USE_AFTER_FREE after dispose(); DEVICE_LOST, after which a new Gpu and translator are needed
   */
  async draw(source: ImageSource, options: DrawOptions = {}): Promise<Drawn> {
    const { seed = 0 } = expectOptions('draw', options, ['seed']);
    expectWord('seed of a draw', seed);
    const outcome = await this.latest.run({ source, seed });
    return outcome.dropped ? outcome : { dropped: false, ...outcome.result };
  }

  private async run({ source, seed }: Job): Promise<{ input: PixelPath; output: PixelPath }> {
    if (this.disposed) {
      throw new ShadegradError('USE_AFTER_FREE', 'a CanvasTranslator draws after dispose()', {
        expected: 'one that is not disposed',
        fix: 'make a new one with CanvasTranslator.create()',
      });
    }
    const { gpu, generator, input, options, outlet } = this;
    const [, height, width] = input.shape as [number, number, number, number];
    const { fit, mirror, background, input: path } = options;
    const channels = generator.inChannels as 1 | 3;
    const taken = this.intake.take(source, { size: [width, height], channels, fit, mirror, background, path });
    imageToFloat(taken.bytes, input);
    taken.bytes.dispose();
    generator.advanceDropout(seed);
    this.recording.run();
    await outlet.show(this.output);
    // The device must not fall behind: the next draw begins when this one is done.
    await gpu.sync();
    return { input: taken.path, output: outlet.path };
  }

  /** Gives the memory back; the generator and what the canvas shows stay. A draw that waits is dropped. */
  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.latest.drop();
    this.recording.destroy();
    for (const part of [this.input, this.output, this.intake, this.outlet]) part.dispose();
  }
}

function expectGenerator(generator: Generator): void {
  const { inChannels, outChannels } = generator;
  const labels = labelCount(generator);
  if ([inChannels, outChannels].every((count) => count === 1 || count === 3) && labels === 0) return;
  throw new ShadegradError('INVALID_ARGUMENT', 'generator to translate canvases with', {
    expected: '1 (grey) or 3 (colours) channels, and no labels',
    received: `${inChannels} -> ${outChannels}${labels > 0 ? `, with ${labels} labels` : ''}`,
    fix: 'use a Translator, which takes codings and labels, and draw its images',
  });
}

function expectBackground(background: readonly number[]): void {
  const isByte = (value: number): boolean => Number.isInteger(value) && value >= 0 && value <= 255;
  if (Array.isArray(background) && background.length === 3 && background.every(isByte)) return;
  throw new ShadegradError('INVALID_ARGUMENT', 'background of a CanvasTranslator', {
    expected: '[red, green, blue], whole numbers from 0 to 255',
    received: String(background),
    fix: 'leave it out for white',
  });
}

function expectChoice(name: string, value: unknown, choices: readonly unknown[]): void {
  if (choices.includes(value)) return;
  throw new ShadegradError('INVALID_ARGUMENT', `${name} of a CanvasTranslator`, {
    expected: choices.join(' or '),
    received: String(value),
    fix: 'use one of these, or leave it out',
  });
}
