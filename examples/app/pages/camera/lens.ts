import { classesOf, NO_CLASS, Translator, type Palette, type RgbImage } from 'shadegrad';
import { CanvasTranslator } from 'shadegrad/canvas';
import type { OpenModel } from '../../common/models.js';
import { rgbaOf, rgbOf } from '../draw/pixels.js';

/** A frame of the model's size to translate: the canvas that it is on, or its pixels where the program has them already. */
export type Frame = OffscreenCanvas | ImageData;

/** A model as frames go through it; each result lies on the canvas until the next one. */
export interface Lens {
  readonly canvas: OffscreenCanvas;
  translate(frame: Frame): Promise<void>;
  dispose(): void;
}

/** The same for all frames: another dropout mask for each would flicker. */
const SEED = 1;

/** Sets a model up for frames. */
export async function openLens(model: OpenModel, palette: Palette): Promise<Lens> {
  const canvas = new OffscreenCanvas(model.width, model.height);
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  const { generator } = model;
  const takesMore = model.codings !== null || ('labels' in generator && generator.labels > 0);
  return takesMore ? codedLens(model, palette, context) : plainLens(model, canvas);
}

/** Colours in and out. */
async function plainLens({ gpu, generator, width, height, found }: OpenModel, canvas: OffscreenCanvas): Promise<Lens> {
  const translator = await CanvasTranslator.create(gpu, generator, {
    canvas,
    size: [width, height],
    statistics: found.statistics,
    // On an adapter that is a CPU there is nothing to be saved by copies on the device, and Chromium may lose the device over them.
    input: gpu.adapter.software ? 'host' : 'device',
    // A WebGPU canvas forgets its pixels when they are shown; these are averaged, frozen, saved and recorded.
    output: 'host',
  });
  return {
    canvas,
    async translate(frame) {
      await translator.draw(frame, { seed: SEED });
    },
    dispose: () => translator.dispose(),
  };
}

/** For models of classes, of labels to choose from, and of other codings: the library's general translator takes these. */
async function codedLens(model: OpenModel, palette: Palette, context: OffscreenCanvasRenderingContext2D): Promise<Lens> {
  const { gpu, generator, width, height, found, codings } = model;
  const translator = await Translator.create(gpu, generator, { size: [width, height], statistics: found.statistics, codings });
  const labels = 'labels' in generator ? Array.from({ length: generator.labels }, (_, at) => (at === 0 ? 1 : 0)) : [];
  const count = found.coding?.oneHot;
  const { canvas } = context;
  const scratch = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })!;
  const pixelsOf = (frame: Frame): Uint8ClampedArray => {
    if ('data' in frame) return frame.data;
    scratch.drawImage(frame, 0, 0);
    return scratch.getImageData(0, 0, width, height).data;
  };
  return {
    canvas,
    async translate(frame) {
      const image = rgbOf(width, height, pixelsOf(frame));
      const made = await translator.translate(count === undefined ? image : withClasses(image, palette, count), SEED, labels);
      if (canvas.width !== made.width || canvas.height !== made.height) [canvas.width, canvas.height] = [made.width, made.height];
      context.putImageData(new ImageData(rgbaOf(made), made.width, made.height), 0, 0);
    },
    dispose: () => translator.dispose(),
  };
}

function withClasses(image: RgbImage, palette: Palette, count: number): RgbImage {
  const data = classesOf(image, palette).map((value) => (value === NO_CLASS || value >= count ? 0 : value));
  return { ...image, values: { kind: 'classes', channels: 1, count, data } };
}
