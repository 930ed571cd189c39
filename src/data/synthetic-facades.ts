import { ShadegradError } from '../errors.js';
import { expectWord } from '../checks.js';
import type { PairedDataset } from './dataset.js';
import { photograph, photographLabels, randomCamera, type Camera } from './facades/camera.js';
import { FacadeCanvas } from './facades/canvas.js';
import { randomLayout, type FacadeElement, type FacadeLayout } from './facades/layout.js';
import { paintBlind, paintDoor, paintShop, paintWindow } from './facades/openings.js';
import { paintBalcony, paintCornice, paintDeco, paintMolding, paintPillar, paintSill } from './facades/ornament.js';
import { randomStyle, type FacadeStyle } from './facades/style.js';
import { paintSurroundings } from './facades/surroundings.js';
import type { ImagePair } from './image.js';
import { RandomStream } from '../random.js';

type Painter = (canvas: FacadeCanvas, rect: FacadeElement['rect'], style: FacadeStyle, variant: number) => void;

const PAINTERS: Record<FacadeElement['kind'], Painter> = {
  window: paintWindow,
  door: paintDoor,
  cornice: paintCornice,
  sill: paintSill,
  balcony: paintBalcony,
  blind: paintBlind,
  deco: paintDeco,
  molding: paintMolding,
  pillar: paintPillar,
  shop: paintShop,
};

const SPLITS = ['train', 'val', 'test'] as const;
/** Drawing at twice the size and averaging smooths the edges of the photo. */
const SUPERSAMPLING = 2;

/** Options of syntheticFacades(): how many pairs, of what size, and which. */
export interface SyntheticFacadesOptions {
  /** The number of pairs. */
  count: number;
  /** The side of both halves in pixels, 32 to 512. A pair shows the same building at every size. */
  size: number;
  /** The seed of all draws, a whole number of 32 bits. */
  seed: number;
  /** The split that the pairs are of: splits of one seed share no building. */
  split: (typeof SPLITS)[number];
}

/** The streams that the facades of a split are drawn from. */
export function streamsOf(split: SyntheticFacadesOptions['split']): { layout: number; style: number; camera: number } {
  const stream = SPLITS.indexOf(split);
  return { layout: stream * 3, style: stream * 3 + 1, camera: stream * 3 + 2 };
}

/** Paints one facade, by day. The same arguments give the same numbers on every machine. */
export function paintFacade(
  size: number,
  seed: number,
  split: SyntheticFacadesOptions['split'],
  index: number,
): { canvas: FacadeCanvas; layout: FacadeLayout; camera: Camera } {
  const streams = streamsOf(split);
  const layout = randomLayout(new RandomStream(seed, streams.layout, index));
  const style = randomStyle(new RandomStream(seed, streams.style, index));
  const camera = randomCamera(new RandomStream(seed, streams.camera, index));
  const canvas = new FacadeCanvas(size * SUPERSAMPLING);
  paintSurroundings(canvas, layout, style);
  for (const { kind, rect, variant } of layout.elements) PAINTERS[kind](canvas, rect, style, variant);
  return { canvas, layout, camera };
}

/** Draws one pair: `a` the photo, `b` the label map. The same arguments give the same bytes on every machine. */
function drawFacade(size: number, seed: number, split: SyntheticFacadesOptions['split'], index: number): ImagePair {
  const { canvas, camera } = paintFacade(size, seed, split, index);
  return { name: `facade ${index + 1}`, a: photograph(canvas, camera, size), b: photographLabels(canvas, camera, size) };
}

/**
 * Makes a data set of facades that the program itself draws, in the form of the pix2pix facades: `a` a photo-like rendering, `b` its
 * label map in the classes and colours of the CMP Facade Database. The labels decide where things are; material, light and weather are
 * drawn at random. Pairs are made when first asked for and kept.
 *
 * @throws INVALID_ARGUMENT for options out of their ranges; `get` throws it for an index that is not in the set
 */
export function syntheticFacades(options: SyntheticFacadesOptions): PairedDataset {
  const { size, seed, split } = options;
  return facadeSet('synthetic facade', options, (index) => drawFacade(size, seed, split, index));
}

/**
 * A set of what is drawn of facades: made when first asked for and kept.
 *
 * @param what each of them is
 * @throws INVALID_ARGUMENT for options out of their ranges; `get` throws it for an index that is not in the set
 */
export function facadeSet<Sample>(
  what: string,
  { count, size, seed, split }: SyntheticFacadesOptions,
  draw: (index: number) => Sample,
): { name: string; length: number; get(index: number): Sample } {
  if (!Number.isInteger(count) || count < 1 || !Number.isInteger(size) || size < 32 || size > 512 || !SPLITS.includes(split)) {
    throw new ShadegradError('INVALID_ARGUMENT', `options of ${what}s out of their ranges`, {
      expected: `count of 1 or more, size from 32 to 512, split one of ${SPLITS.join(', ')}`,
      received: `count ${count}, size ${size}, split ${split}`,
      fix: 'take values from these ranges; for another size, resize the images (resizeBicubic)',
    });
  }
  expectWord(`seed of ${what}s`, seed);
  const made = new Map<number, Sample>();
  return {
    name: `${what}s/${split}`,
    length: count,
    get(index) {
      if (!Number.isInteger(index) || index < 0 || index >= count) {
        throw new ShadegradError('INVALID_ARGUMENT', `no such ${what}`, {
          expected: `an index from 0 to ${count - 1}`,
          received: String(index),
          fix: 'ask for more facades (count), or for an index below it',
        });
      }
      const sample = made.get(index) ?? draw(index);
      made.set(index, sample);
      return sample;
    },
  };
}
