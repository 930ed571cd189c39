import { createImage, type RgbImage } from '../image.js';
import type { RandomStream } from '../../random.js';
import type { FacadeCanvas } from './canvas.js';
import { FACADE_CLASSES } from './classes.js';
import { latticeNoise } from './noise.js';

/** How a photo of the drawing is taken. The geometry applies to the labels too; the rest to the photo alone. */
export interface Camera {
  /** Narrowing towards the top, leaning, and turning; a few hundredths each. */
  keystone: number;
  shear: number;
  turn: number;
  gains: [number, number, number];
  contrast: number;
  vignette: number;
  blur: number;
  noise: number;
  noiseSeed: number;
}

export function randomCamera(random: RandomStream): Camera {
  const exposure = random.uniform(0.82, 1.12);
  const warmth = random.uniform(-0.07, 0.07);
  return {
    keystone: random.uniform(-0.03, 0.03),
    shear: random.uniform(-0.012, 0.012),
    turn: random.uniform(-0.012, 0.012),
    gains: [exposure * (1 + warmth), exposure * (1 + random.uniform(-0.02, 0.02)), exposure * (1 - warmth)],
    contrast: random.uniform(0.9, 1.15),
    vignette: random.uniform(0, 0.3),
    blur: random.chance(0.4) ? random.uniform(0.1, 0.5) : 0,
    noise: random.uniform(2, 9),
    noiseSeed: random.bits() | 0,
  };
}

/** The drawing is seen a little enlarged, so that the bent picture has no empty corners. */
const ZOOM = 0.95;

/**
 * Call `visit` for every point of a regular grid of `side` x `side` in the picture, with the index of the
 * place in the drawing that is seen there.
 */
function look(camera: Camera, canvasSize: number, side: number, visit: (x: number, y: number, place: number) => void): void {
  for (let y = 0; y < side; y++) {
    const dy = ((y + 0.5) / side - 0.5) * ZOOM;
    const widen = 1 + camera.keystone * dy * 2;
    for (let x = 0; x < side; x++) {
      const dx = ((x + 0.5) / side - 0.5) * ZOOM;
      const column = Math.floor((0.5 + dx * widen + camera.shear * dy) * canvasSize);
      const row = Math.floor((0.5 + dy + camera.turn * dx) * canvasSize);
      visit(x, y, row * canvasSize + column);
    }
  }
}

/** The label map in its colours, nearest place and no mixing: every pixel is exactly one class. */
export function photographLabels(canvas: FacadeCanvas, camera: Camera, size: number): RgbImage {
  const image = createImage(size, size);
  const palette = Uint8Array.from(FACADE_CLASSES.flatMap(([, colour]) => colour));
  look(camera, canvas.size, size, (x, y, place) => {
    const from = canvas.labels[place]! * 3;
    const to = (y * size + x) * 3;
    image.data[to] = palette[from]!;
    image.data[to + 1] = palette[from + 1]!;
    image.data[to + 2] = palette[from + 2]!;
  });
  return image;
}

/** The photo: four samples a pixel, then lens, exposure, tone and sensor noise. */
export function photograph(canvas: FacadeCanvas, camera: Camera, size: number): RgbImage {
  const { pixels } = canvas;
  const sharp = new Float32Array(size * size * 3);
  look(camera, canvas.size, size * 2, (x, y, place) => {
    const from = place * 3;
    const to = ((y >> 1) * size + (x >> 1)) * 3;
    sharp[to]! += pixels[from]! * 0.25;
    sharp[to + 1]! += pixels[from + 1]! * 0.25;
    sharp[to + 2]! += pixels[from + 2]! * 0.25;
  });
  return develop(soften(sharp, size, camera.blur), camera, size);
}

/** Mix every pixel with the mean of its four neighbours. */
function soften(source: Float32Array, size: number, amount: number): Float32Array {
  if (amount === 0) return source;
  const result = new Float32Array(source.length);
  const row = size * 3;
  for (let y = 0; y < size; y++) {
    const up = y === 0 ? 0 : -row;
    const down = y === size - 1 ? 0 : row;
    for (let x = 0; x < size; x++) {
      const left = x === 0 ? 0 : -3;
      const right = x === size - 1 ? 0 : 3;
      for (let at = y * row + x * 3, end = at + 3; at < end; at++) {
        const around = (source[at + up]! + source[at + down]! + source[at + left]! + source[at + right]!) / 4;
        result[at] = source[at]! + (around - source[at]!) * amount;
      }
    }
  }
  return result;
}

function develop(light: Float32Array, camera: Camera, size: number): RgbImage {
  const image = createImage(size, size);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const dx = (x + 0.5) / size - 0.5;
      const dy = (y + 0.5) / size - 0.5;
      const dim = 1 - camera.vignette * (dx * dx + dy * dy);
      // Two uniform draws make a triangular noise, bright and dark alike in all channels.
      const noise = (latticeNoise(x, y, camera.noiseSeed) + latticeNoise(y, x, ~camera.noiseSeed) - 1) * camera.noise;
      const at = (y * size + x) * 3;
      for (let c = 0; c < 3; c++) {
        const value = (light[at + c]! * camera.gains[c]! * dim - 118) * camera.contrast + 118 + noise;
        image.data[at + c] = value < 0 ? 0 : value > 255 ? 255 : Math.floor(value + 0.5);
      }
    }
  }
  return image;
}
