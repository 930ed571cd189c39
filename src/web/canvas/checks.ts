import { described } from '../../checks.js';
import type { Codings } from '../../data/codings/options.js';
import { ShadegradError } from '../../errors.js';
import { Gpu } from '../../gpu/gpu.js';
import { CANVAS_FITS, type CanvasFit } from './fit.js';
import type { PixelPath } from './intake.js';

/** How a source becomes an image, as options say it. */
export interface Framing {
  readonly fit: CanvasFit;
  readonly mirror: boolean;
  readonly background: readonly [number, number, number];
  /** Undefined for the way that suits a source. */
  readonly path: PixelPath | undefined;
}

interface FramingOptions {
  readonly fit?: CanvasFit | undefined;
  readonly mirror?: boolean | undefined;
  readonly background?: readonly [red: number, green: number, blue: number] | undefined;
}

/**
 * Options with their defaults.
 *
 * @param of whose options they are
 * @param path with the name of its option
 * @throws INVALID_ARGUMENT for one that cannot be
 */
export function framingOf(of: string, options: FramingOptions, [name, path]: readonly [string, PixelPath?]): Framing {
  const { fit = 'cover', mirror = false, background = [255, 255, 255] } = options;
  expectChoice(`fit of ${of}`, fit, Object.keys(CANVAS_FITS));
  expectChoice(`mirror of ${of}`, mirror, [true, false]);
  expectBackground(`background of ${of}`, background);
  if (path !== undefined) expectPath(`${name} of ${of}`, path);
  return { fit, mirror, background, path };
}

/** @throws INVALID_ARGUMENT for another way than pixels go */
export const expectPath = (what: string, path: PixelPath): void => expectChoice(what, path, ['device', 'host']);

function expectBackground(what: string, background: readonly number[]): void {
  const isByte = (value: number): boolean => Number.isInteger(value) && value >= 0 && value <= 255;
  if (Array.isArray(background) && background.length === 3 && background.every(isByte)) return;
  throw new ShadegradError('INVALID_ARGUMENT', what, {
    expected: '[red, green, blue], whole numbers from 0 to 255',
    received: String(background),
    fix: 'leave it out for white',
  });
}

/** @throws INVALID_ARGUMENT for what is none of the choices */
export function expectChoice(what: string, value: unknown, choices: readonly unknown[]): void {
  if (choices.includes(value)) return;
  throw new ShadegradError('INVALID_ARGUMENT', what, {
    expected: choices.join(' or '),
    received: String(value),
    fix: 'use one of these, or leave it out',
  });
}

/** @throws INVALID_ARGUMENT for what is no Gpu, such as the arguments in another order */
export function expectGpu(of: string, gpu: unknown): asserts gpu is Gpu {
  if (gpu instanceof Gpu) return;
  throw new ShadegradError('INVALID_ARGUMENT', `first argument of ${of}`, {
    expected: 'a Gpu',
    received: described(gpu),
    fix: "give it first: the one that requestGpu() of 'shadegrad' makes",
  });
}

/** @throws INVALID_ARGUMENT for what is no pair of codings, such as the name of one */
export function expectCodings(of: string, codings: Codings | null): void {
  if (codings === null || (codings?.source?.channels !== undefined && codings.target?.channels !== undefined)) return;
  throw new ShadegradError('INVALID_ARGUMENT', `codings of ${of}`, {
    expected: 'how images go in and out, as codingsOf() makes it, or null',
    received: described(codings),
    fix: "write codingsOf({ ... }), such as codingsOf({ colourSpace: 'lab' }), or leave it out",
  });
}
