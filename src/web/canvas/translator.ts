import { noGrad } from '../../autograd/graph.js';
import { expectOptions, expectWord } from '../../checks.js';
import type { Codings } from '../../data/codings/options.js';
import type { Palette } from '../../data/palettes/palette.js';
import { ShadegradError } from '../../errors.js';
import type { Gpu } from '../../gpu/gpu.js';
import type { Recording } from '../../gpu/recording.js';
import { imageToFloat } from '../../kernels/image.js';
import type { Generator, LabelledGenerator } from '../../models/kind.js';
import { labelled } from '../../models/labels.js';
import { labelCount } from '../../models/registry.js';
import { Tensor } from '../../tensor/tensor.js';
import { sidesOf } from '../../training/fits/sides.js';
import { expectWanted } from '../../training/translator.js';
import { expectChoice, expectCodings, expectGpu, expectPath, framingOf, type Framing } from './checks.js';
import { entranceOf, exitOf, imageOfTensor, type Entrance, type Exit } from './codings.js';
import type { CanvasFit } from './fit.js';
import { Intake, type PixelPath } from './intake.js';
import { LatestWins } from './latest.js';
import { defaultOutput, Outlet, type AnyCanvas } from './outlet.js';
import { toImageData } from './pixels.js';
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
  /**
   * How images become the channels of the generator, and its results pictures, as in a Translator: label maps, classes and CIELAB. Default:
   * images of 1 or 3 channels.
   */
  codings?: Codings | null | undefined;
  /**
   * The palette of the label maps that are shown to a generator of classes (codingsOf({ oneHot })): a pixel is of the class whose colour is
   * nearest. No other generator takes one.
   */
  palette?: Palette | undefined;
  /** How pixels come in. Default 'device', where the browser can do so for a source; of videos 'host' on an adapter that is a CPU. */
  input?: PixelPath;
  /** How results come onto the canvas. Default 'device' on a GPU, 'host' on an adapter that is a CPU. */
  output?: PixelPath;
}

/** Options of draw() and translate(). */
export interface DrawOptions {
  /** Chooses the dropout masks: the same seed gives the same picture. Default 0. */
  seed?: number;
  /** What the image is to become, for a generator that takes labels: a number for each, such as 0 or 1. */
  labels?: readonly number[];
}

/** What became of a draw: shown, with the paths that its pixels went, or dropped for a newer one or by dispose(). */
export type Drawn = { readonly dropped: true } | { readonly dropped: false; readonly input: PixelPath; readonly output: PixelPath };

const FRAMING = ['canvas', 'size', 'fit', 'mirror', 'background', 'input', 'output'] as const;
const NAMES = [...FRAMING, 'dropout', 'statistics', 'codings', 'palette'] as const;

interface Job {
  readonly source: ImageSource;
  readonly seed: number;
  readonly labels: readonly number[];
  /** Does with the result what was asked for; null where dispose() came before. */
  readonly deliver: (image: Tensor, input: PixelPath) => Promise<Delivered | null>;
}

type Delivered = { readonly input: PixelPath; readonly output: PixelPath } | ImageData;

/** A generator, recorded, with what goes in and comes out. */
interface Stage {
  readonly input: Tensor;
  /** [1, labels], of a generator that takes some. */
  readonly labels: Tensor | null;
  readonly output: Tensor;
  readonly recording: Recording;
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
    private readonly framing: Framing,
    private readonly stage: Stage,
    private readonly entrance: Entrance,
    private readonly exit: Exit,
    private readonly intake: Intake,
    private readonly outlet: Outlet,
  ) {}

  /**
   * Records the generator's work on one image, and takes a context of the canvas.
   *
   * @param generator of 1 or 3 channels, or of those of its codings; it stays the caller's
   * @throws INVALID_ARGUMENT for options that cannot be, a generator of other channels, a coding of more than pictures have, and a canvas
   *   with another context; OUT_OF_MEMORY, SHADER_COMPILE, DEVICE_LOST; nothing is left allocated then
   */
  static async create(gpu: Gpu, generator: Generator | LabelledGenerator, options: CanvasTranslatorOptions): Promise<CanvasTranslator> {
    expectOptions('CanvasTranslator.create', options, NAMES, { required: ['canvas'] });
    expectGpu('CanvasTranslator.create', gpu);
    const { dropout = true, statistics = 'batch', codings = null, palette, input: way, output: wayOut = defaultOutput(gpu) } = options;
    const framing = framingOf('a CanvasTranslator', options, ['input', way]);
    expectPath('output of a CanvasTranslator', wayOut);
    expectChoice('dropout of a CanvasTranslator', dropout, [true, false]);
    expectChoice('statistics of a CanvasTranslator', statistics, ['batch', 'running']);
    if (!generator?.imageSizes) {
      throw new ShadegradError('INVALID_ARGUMENT', 'generator to translate canvases with', {
        expected: 'a network that translates images, such as a UNet',
        received: generator === null || generator === undefined ? String(generator) : typeof generator,
        fix: 'make one, or open a file of weights: loadNetwork()',
      });
    }
    const sides = sidesOf(options.size ?? generator.imageSizes.own, generator.imageSizes);
    expectCodings('a CanvasTranslator', codings);
    expectGenerator(generator, codings);
    const parts: { dispose(): void }[] = [];
    const held = <Part extends { dispose(): void }>(part: Part): Part => {
      parts.push(part);
      return part;
    };
    try {
      const entrance = held(entranceOf(gpu, generator, codings, palette));
      const exit = held(exitOf(gpu, codings));
      const outlet = held(new Outlet(gpu, options.canvas, wayOut));
      const run = (x: Tensor): Tensor => exit.record(generator.forward(x, { training: false, statistics, dropout }));
      const stage = await stageOf(gpu, generator, sides, run, held);
      return new CanvasTranslator(gpu, generator, framing, stage, entrance, exit, new Intake(gpu), outlet);
    } catch (error) {
      for (const part of parts) part.dispose();
      throw error;
    }
  }

  /**
   * Translates what a source shows, and shows the result. While an earlier draw runs it waits for its turn; a newer one then takes its
   * place, and it is told that it was dropped. A source is read when its turn comes: close frames after that.
   *
   * @throws IMAGE_NOT_READY, IMAGE_SIZE, IMAGE_TAINTED, LIMIT_EXCEEDED and INVALID_ARGUMENT for a source, a seed or labels that cannot be;
   *   USE_AFTER_FREE after dispose(); DEVICE_LOST, after which a new Gpu and translator are needed
   */
  async draw(source: ImageSource, options: DrawOptions = {}): Promise<Drawn> {
    const result = await this.ask('draw', source, options, async (image, input) => {
      if (!(await this.outlet.show(image, () => !this.disposed))) return null;
      return { input, output: this.exit.show ? 'host' : this.outlet.path };
    });
    return result ? { dropped: false, ...(result as Exclude<Delivered, ImageData>) } : { dropped: true };
  }

  /**
   * Translates what a source shows, and gives the result in the place of showing it: the canvas stays as it is. Its turn comes as that of a
   * draw.
   *
   * @returns opaque pixels; null where it was dropped for a newer one or by dispose()
   * @throws as draw()
   */
  async translate(source: ImageSource, options: DrawOptions = {}): Promise<ImageData | null> {
    return (await this.ask('translate', source, options, (image) => toImageData(image))) as ImageData | null;
  }

  /**
   * Reads back what the canvas shows, to the byte: a WebGPU canvas itself cannot be read any more once it was presented.
   *
   * @returns opaque pixels; null before the first draw
   * @throws USE_AFTER_FREE after dispose(); DEVICE_LOST
   */
  async pixels(): Promise<ImageData | null> {
    this.expectLive('gives pixels');
    return this.outlet.shown();
  }

  private async ask(
    name: string,
    source: ImageSource,
    options: DrawOptions,
    deliver: (image: Tensor, input: PixelPath) => Promise<Delivered | null>,
  ): Promise<Delivered | null> {
    const { seed = 0, labels = [] } = expectOptions(name, options, ['seed', 'labels']);
    expectWord(`seed of ${name}()`, seed);
    expectWanted(this.generator, labels);
    const outcome = await this.latest.run({ source, seed, labels, deliver });
    return outcome.dropped ? null : outcome.result;
  }

  private async run({ source, seed, labels, deliver }: Job): Promise<Delivered | null> {
    this.expectLive('draws');
    const { gpu, generator, stage, entrance, framing, exit } = this;
    const [, height, width] = stage.input.shape as [number, number, number, number];
    const wanted = { ...framing, size: [width, height] } as const;
    const taken = this.intake.take(source, { ...wanted, channels: entrance.channels, isResized: entrance.isResized });
    const temporary = [taken.bytes.keep()];
    try {
      // The host shows CIELAB with the lightness of the picture itself.
      const given = exit.show ? this.intake.take(source, { ...wanted, channels: 3, isResized: true }).bytes.keep() : null;
      if (given) temporary.push(given);
      await entrance.fill(taken.bytes, stage.input);
      if (this.disposed) return null;
      stage.labels?.write(Float32Array.from(labels));
      generator.advanceDropout(seed);
      stage.recording.run();
      let image = stage.output;
      if (exit.show && given) {
        const made = await image.data();
        const { data } = exit.show(made, await imageOfTensor(given));
        if (this.disposed) return null;
        const bytes = Tensor.fromBytes(gpu, data, [1, height, width, 3], 'what the host shows');
        image = imageToFloat(bytes).keep();
        bytes.dispose();
        temporary.push(image);
      }
      const result = await deliver(image, entrance.path === 'host' ? 'host' : taken.path);
      // The device must not fall behind: the next draw begins when this one is done.
      await gpu.sync();
      return this.disposed ? null : result;
    } catch (error) {
      // Its memory was given back while it ran.
      if (this.disposed) return null;
      throw error;
    } finally {
      for (const tensor of temporary) tensor.dispose();
    }
  }

  /**
   * Gives the memory back; the generator and what the canvas shows stay. A draw that waits is dropped, and so is one that runs: it shows
   * nothing any more.
   */
  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.latest.drop();
    const { recording, input, labels, output } = this.stage;
    recording.destroy();
    for (const part of [input, labels, output, this.entrance, this.exit, this.intake, this.outlet]) part?.dispose();
  }

  private expectLive(does: string): void {
    if (!this.disposed) return;
    throw new ShadegradError('USE_AFTER_FREE', `a CanvasTranslator ${does} after dispose()`, {
      expected: 'one that is not disposed',
      fix: 'make a new one with CanvasTranslator.create()',
    });
  }
}

/** Records the generator's work. @param held takes note of what is to be disposed if something goes wrong */
async function stageOf(
  gpu: Gpu,
  generator: Generator,
  [width, height]: readonly [number, number],
  run: (x: Tensor) => Tensor,
  held: <Part extends { dispose(): void }>(part: Part) => Part,
): Promise<Stage> {
  const { inChannels } = generator;
  const blank = new Float32Array(width * height * inChannels);
  const input = held(Tensor.from(gpu, blank, [1, height, width, inChannels], 'image to translate').keep());
  const count = labelCount(generator);
  const labels = count === 0 ? null : held(Tensor.from(gpu, new Float32Array(count), [1, count], 'labels of an image').keep());
  const { recording, result } = await gpu.record(() => noGrad(() => run(labelled(input, labels))));
  return { input, labels, output: result.keep(), recording };
}

function expectGenerator({ inChannels, outChannels }: Generator, codings: Codings | null): void {
  const coded = codings && [codings.source.channels, codings.target.channels];
  const fits = (channels: number, at: number): boolean => (coded ? channels === coded[at] : channels === 1 || channels === 3);
  if ([inChannels, outChannels].every(fits)) return;
  throw new ShadegradError('INVALID_ARGUMENT', 'generator to translate canvases with', {
    expected: coded
      ? `${coded.join(' -> ')} channels, those of its codings`
      : '1 (grey) or 3 (colours) channels, or codings of these channels',
    received: `${inChannels} -> ${outChannels}`,
    fix: 'give the codings that it was trained with; or call forward() with what fromPixels() makes, and show its result by toCanvas()',
  });
}
