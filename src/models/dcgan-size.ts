import { refused } from '../nn/options.js';
import { unsupportedWeights } from './state-shapes.js';

/** Every kernel of a DCGAN is 4 x 4. */
export const DCGAN_KERNEL = 4;
/** Below, the first layer would be next to the last. */
const LEAST_SIDE = 32;
/** Each doubling doubles the channels, too: a first layer of 128 times ngf is more than anybody trains. */
const MOST_SIDE = 1024;

const isSize = (size: number): boolean =>
  Number.isSafeInteger(size) && size >= LEAST_SIDE && size <= MOST_SIDE && Number.isInteger(Math.log2(size));

/** @throws INVALID_ARGUMENT for a side that no DCGAN has here */
export function checkDCGANSize(network: string, size: number): void {
  if (!isSize(size)) throw refused(`size of ${network}`, `a power of two from ${LEAST_SIDE} to ${MOST_SIDE}`, size);
}

/** How often an image halves before it has the 4 x 4 pixels of one kernel: 4 times from 64. */
export const dcganStages = (size: number): number => Math.log2(size / DCGAN_KERNEL);

/** The reverse of dcganStages() for the stages of a file. @throws WEIGHTS_UNSUPPORTED for a side that no DCGAN has here */
export function dcganSize(stages: number, label: string): number {
  const size = DCGAN_KERNEL * 2 ** stages;
  if (isSize(size)) return size;
  throw unsupportedWeights(
    `${label}: this DCGAN is of another size`,
    `${stages + 1} convolutions, which is ${size} x ${size} pixels`,
    `images of ${LEAST_SIDE} to ${MOST_SIDE} pixels`,
  );
}
