import { classesOf, NO_CLASS, Translator, type Palette, type RgbImage } from 'shadegrad';
import { CanvasTranslator } from 'shadegrad/canvas';
import type { OpenModel } from '../../common/models.js';
import { rgbaOf, rgbOf } from '../draw/pixels.js';
import { drawCover } from './cover.js';

/** A frame to translate. */
export type Frame = HTMLVideoElement | ImageData;

/** A model as frames go through it; each result lies on the canvas until the next one. */
export interface Lens {
  readonly canvas: OffscreenCanvas;
  translate(frame: Frame): Promise<void>;
  dispose(): void;
}

/** The same for all frames: another dropout mask for each would flicker. */
const SEED = 1;

/** Sets a model up for frames, which it is given as in a mirror or not. */
export async function openLens(model: OpenModel, mirror: boolean, palette: Palette): Promise<Lens> {
  const canvas = new OffscreenCanvas(model.width, model.height);
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  const { generator } = model;
  const takesMore = model.codings !== null || ('labels' in generator && generator.labels > 0);
  return takesMore ? codedLens(model, mirror, palette, context) : plainLens(model, mirror, canvas);
}

/** Colours in and out: frames stay on the device until they are results. */
async function plainLens({ gpu, generator, width, height, found }: OpenModel, mirror: boolean, canvas: OffscreenCanvas): Promise<Lens> {
  const translator = await CanvasTranslator.create(gpu, generator, {
    canvas,
    size: [width, height],
    mirror,
    statistics: found.statistics,
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
async function codedLens(
  { gpu, generator, width, height, found, codings }: OpenModel,
  mirror: boolean,
  palette: Palette,
  context: OffscreenCanvasRenderingContext2D,
): Promise<Lens> {
  const translator = await Translator.create(gpu, generator, { size: [width, height], statistics: found.statistics, codings });
  const labels = 'labels' in generator ? Array.from({ length: generator.labels }, (_, at) => (at === 0 ? 1 : 0)) : [];
  const count = found.coding?.oneHot;
  const scratch = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })!;
  return {
    canvas: context.canvas,
    async translate(frame) {
      const picture = 'data' in frame ? await createImageBitmap(frame) : frame;
      scratch.setTransform(mirror ? -1 : 1, 0, 0, 1, mirror ? width : 0, 0);
      drawCover(scratch, picture, width, height);
      if ('close' in picture) picture.close();
      const image = rgbOf(width, height, scratch.getImageData(0, 0, width, height).data);
      const made = await translator.translate(count === undefined ? image : withClasses(image, palette, count), SEED, labels);
      context.putImageData(new ImageData(rgbaOf(made), made.width, made.height), 0, 0);
    },
    dispose: () => translator.dispose(),
  };
}

function withClasses(image: RgbImage, palette: Palette, count: number): RgbImage {
  const data = classesOf(image, palette).map((value) => (value === NO_CLASS || value >= count ? 0 : value));
  return { ...image, values: { kind: 'classes', channels: 1, count, data } };
}
