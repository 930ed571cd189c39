import { classesOf, labelMapOf, type Palette } from 'shadegrad';
import type { InputKind } from '../../common/model-rows.js';
import { blurred, luminanceOf } from './gaussian.js';

/** Pixels as a canvas has them: four bytes each. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray;
}

/** A number of a filter that the person sets. */
export interface Knob {
  readonly id: string;
  readonly label: string;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  /** What it is until it is set. */
  readonly value: number;
}

/** What is done to a frame before the model is given it. */
export interface FilterRow {
  readonly id: string;
  readonly title: string;
  readonly about: string;
  readonly knobs: readonly Knob[];
  /** The kind of model that it is chosen for by itself. */
  readonly suits?: InputKind;
  /** Changes the pixels in their place, by the numbers of its knobs; where there is none, frames are left as they are. */
  apply?(pixels: Pixels, knobs: Readonly<Record<string, number>>, palette: Palette): void;
}

/** The second Gaussian of a difference is this much wider: then it is near to a Laplacian, as in the literature on edges. */
const WIDER = 1.6;

/** Every filter. */
export const FILTERS: readonly FilterRow[] = [
  { id: 'none', title: 'None', about: 'The model is given the frames as they are.', knobs: [], suits: 'pictures' },
  {
    id: 'edges',
    title: 'Edges',
    about: 'Dark lines on white where light and dark meet, for models of outlines such as edges2shoes.',
    knobs: [
      { id: 'width', label: 'Coarseness', min: 0.5, max: 4, step: 0.1, value: 1.2 },
      { id: 'threshold', label: 'Threshold', min: 0.5, max: 20, step: 0.5, value: 4 },
    ],
    suits: 'lines',
    apply: (pixels, { width = 1, threshold = 4 }) => drawEdges(pixels, width, threshold),
  },
  {
    id: 'blur',
    title: 'Blur',
    about: 'Softens noise and small things.',
    knobs: [{ id: 'radius', label: 'Radius', min: 0.5, max: 6, step: 0.1, value: 2 }],
    apply: (pixels, { radius = 2 }) => blur(pixels, radius),
  },
  {
    id: 'palette',
    title: 'Palette',
    about: 'Each pixel becomes the nearest colour of the model’s palette, for models of label maps.',
    knobs: [{ id: 'radius', label: 'Blur before', min: 0, max: 6, step: 0.1, value: 2 }],
    suits: 'labels',
    apply: (pixels, { radius = 0 }, palette) => {
      blur(pixels, radius);
      quantise(pixels, palette);
    },
  },
];

/** The filter that frames need for what a model takes. */
export const filterFor = (input: InputKind): FilterRow => FILTERS.find(({ suits }) => suits === input) ?? FILTERS[0]!;

/** The numbers of a filter until they are set. */
export const knobsOf = ({ knobs }: FilterRow): Record<string, number> => Object.fromEntries(knobs.map(({ id, value }) => [id, value]));

/**
 * Draws black where a narrow blur is darker than a wider one by more than a threshold, of 255, and white elsewhere: the dark side of edges.
 */
function drawEdges({ width, height, data }: Pixels, sigma: number, threshold: number): void {
  const light = luminanceOf(data);
  const narrow = blurred(light, width, height, sigma);
  const wide = blurred(light, width, height, WIDER * sigma);
  for (let at = 0; at < light.length; at++) data.fill(wide[at]! - narrow[at]! > threshold ? 0 : 255, 4 * at, 4 * at + 3);
}

function blur({ width, height, data }: Pixels, sigma: number): void {
  if (sigma <= 0) return;
  const plane = new Float32Array(width * height);
  for (let channel = 0; channel < 3; channel++) {
    for (let at = 0; at < plane.length; at++) plane[at] = data[4 * at + channel]!;
    const soft = blurred(plane, width, height, sigma);
    for (let at = 0; at < plane.length; at++) data[4 * at + channel] = soft[at]!;
  }
}

function quantise({ width, height, data }: Pixels, palette: Palette): void {
  const rgb = new Uint8Array(3 * width * height);
  for (let at = 0; at < width * height; at++) {
    for (let channel = 0; channel < 3; channel++) rgb[3 * at + channel] = data[4 * at + channel]!;
  }
  const map = labelMapOf(classesOf({ width, height, data: rgb }, palette), width, height, palette).data;
  for (let at = 0; at < width * height; at++) {
    for (let channel = 0; channel < 3; channel++) data[4 * at + channel] = map[3 * at + channel]!;
  }
}
