import { paintArea, paintLine, paintRect, rectOf, type Raster, type Rect, type Spot } from './raster.js';
import type { InputKind } from '../../common/model-rows.js';

/** What draws on a raster. */
export interface Tool {
  /** What it is called in the program. */
  readonly id: string;
  readonly title: string;
  /** The key that chooses it. */
  readonly key: string;
  /** The outline of its sign, in a square of 24. */
  readonly sign: string;
  /** Which drawings it is for. */
  readonly inputs: readonly InputKind[];
  /** Whether its width can be chosen. */
  readonly hasSize: boolean;
  /** 'trail' draws along the way, 'shape' from the first place to the last, 'touch' once; 'pick' draws nothing, and takes the swatch. */
  readonly way: 'trail' | 'shape' | 'touch' | 'pick';
  /** Whether it draws with the paper in the place of the chosen swatch. */
  readonly erases?: true;
  /** Draws between two places; a touch gets the same place twice. */
  paint(raster: Raster, from: Spot, to: Spot, value: number): Rect | null;
}

const both: readonly InputKind[] = ['labels', 'lines'];
const nothing = (): null => null;

/** Every tool, in the order in which they are shown. */
export const TOOLS: readonly Tool[] = [
  {
    id: 'rectangle',
    title: 'Rectangle',
    key: 'r',
    sign: 'M4 6h16v12H4z',
    inputs: ['labels'],
    hasSize: false,
    way: 'shape',
    paint: (raster, from, to, value) => paintRect(raster, rectOf(from, to), value),
  },
  {
    id: 'brush',
    title: 'Brush',
    key: 'b',
    sign: 'M19 3 9 13m-2 1c-2 0-3 2-3 3 0 2-1 3-2 4 4 0 7-1 7-4 0-2-1-3-2-3z',
    inputs: ['labels'],
    hasSize: true,
    way: 'trail',
    paint: paintLine,
  },
  {
    id: 'pen',
    title: 'Pen',
    key: 'p',
    sign: 'M4 20l1-4L16 5l3 3L8 19zM14 7l3 3',
    inputs: ['lines'],
    hasSize: true,
    way: 'trail',
    paint: paintLine,
  },
  { id: 'line', title: 'Line', key: 'l', sign: 'M5 19 19 5', inputs: both, hasSize: true, way: 'shape', paint: paintLine },
  {
    id: 'fill',
    title: 'Fill',
    key: 'f',
    sign: 'M4 12 12 4l7 7-8 8zM4 12h14M21 16c1 2 1 4 0 4s-1-2 0-4z',
    inputs: ['labels'],
    hasSize: false,
    way: 'touch',
    paint: (raster, from, _to, value) => paintArea(raster, from, value),
  },
  {
    id: 'eraser',
    title: 'Eraser',
    key: 'e',
    sign: 'M4 15 14 5l6 6-8 8H8zM9 10l6 6M11 19h9',
    inputs: both,
    hasSize: true,
    way: 'trail',
    erases: true,
    paint: paintLine,
  },
  {
    id: 'eyedropper',
    title: 'Eyedropper',
    key: 'i',
    sign: 'M5 19l1-4 7-7 3 3-7 7zM12 7l5 5M15 8l3-3c2-1 3 0 2 2l-3 3',
    inputs: ['labels'],
    hasSize: false,
    way: 'pick',
    paint: nothing,
  },
];

/** The tools for a kind of drawing; pictures have none. */
export const toolsFor = (input: InputKind): readonly Tool[] => TOOLS.filter(({ inputs }) => inputs.includes(input));
