import type { Gpu } from '../gpu/gpu.js';
import { wholeOf, type Binding, type Storage } from '../gpu/storage.js';

/** As in Pillow's 8-bit path: 32 bits less 8 for a byte and 2 for the sign and the overshoot. */
const PRECISION_BITS = 22;
/** Tables kept per device: every image size of a data set that is not uniform asks for another one. */
const KEPT_TABLES = 64;

/** The weights of a one-dimensional resize: for each output position where to begin reading, and what to weigh with. */
export interface FixedPointTable {
  /** Weights per output position. */
  readonly taps: number;
  /** [output size][1 + taps]: first input position, then weights in units of 2^-22; unused ones are 0. */
  readonly entries: Int32Array;
}

/** Keys' cubic convolution kernel with a = -0.5 (IEEE Trans. ASSP 29(6), 1981). */
function cubic(distance: number): number {
  const t = Math.abs(distance);
  if (t < 1) return (1.5 * t - 2.5) * t * t + 1;
  if (t < 2) return (((t - 5) * t + 8) * t - 4) * -0.5;
  return 0;
}

/**
 * Bicubic weights with half-pixel centres, as Pillow's `precompute_coeffs` makes them: widened by the scale when
 * shrinking (antialiasing), cut off at the borders and renormalised. In float64, because rounding to 2^-22 afterwards
 * leaves no room for float32's own error: this is why the device does not compute them itself.
 */
export function bicubicTable(inputSize: number, outputSize: number): FixedPointTable {
  const scale = inputSize / outputSize;
  const widening = Math.max(scale, 1);
  const support = 2 * widening;
  const rows = Array.from({ length: outputSize }, (_, position) => {
    const centre = (position + 0.5) * scale;
    const weightAt = (input: number): number => cubic((input - centre + 0.5) * (1 / widening));
    let first = Math.max(0, Math.trunc(centre - support + 0.5));
    let end = Math.min(inputSize, Math.trunc(centre + support + 0.5));
    // Pixels that count for nothing need not be read: of two equal sizes one remains.
    while (weightAt(first) === 0) first++;
    while (weightAt(end - 1) === 0) end--;
    const weights = Array.from({ length: end - first }, (_, t) => weightAt(first + t));
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return { first, weights: weights.map((weight) => Math.round((Math.abs(weight) / sum) * 2 ** PRECISION_BITS) * Math.sign(weight)) };
  });
  const taps = Math.max(...rows.map(({ weights }) => weights.length));
  const entries = new Int32Array(outputSize * (1 + taps));
  rows.forEach(({ first, weights }, position) => entries.set([first, ...weights], position * (1 + taps)));
  return { taps, entries };
}

/** A table on the device. */
export interface DeviceTable {
  readonly taps: number;
  readonly binding: Binding;
}

interface KeptTable {
  readonly taps: number;
  readonly storage: Storage;
}

const tables = new WeakMap<Gpu, Map<string, KeptTable>>();

/** The weights from one size to another on the device, uploaded once and kept. Equal sizes give one weight of 1. */
export function deviceTable(gpu: Gpu, inputSize: number, outputSize: number): DeviceTable {
  let kept = tables.get(gpu);
  if (!kept) tables.set(gpu, (kept = new Map()));
  const key = `${inputSize}:${outputSize}`;
  let table = kept.get(key);
  if (!table) {
    const { taps, entries } = bicubicTable(inputSize, outputSize);
    table = { taps, storage: gpu.allocateConstant(entries, 'bicubic weights') };
  }
  const { storage } = table;

  // Move to the end, so that the first is the one unused for longest. What a trace uses must outlive it.
  kept.delete(key);
  kept.set(key, table);
  for (const [oldest, unused] of kept) {
    if (kept.size <= KEPT_TABLES || gpu.tracing) break;
    kept.delete(oldest);
    unused.storage.release();
  }
  return { taps: table.taps, binding: { storage, offset: 0, bytes: storage.bytes, access: 'read', region: wholeOf(storage) } };
}
