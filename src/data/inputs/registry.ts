import { ShadegradError } from '../../errors.js';
import type { RgbImage } from '../image.js';
import { RandomStream } from '../../random.js';
import { blur } from './blur.js';
import { edges } from './edges.js';
import { grey } from './grey.js';
import type { PairInput } from './input.js';
import { lab } from './lab.js';
import { lowres } from './lowres.js';
import { mask } from './mask.js';
import { randomMask } from './random-mask.js';
import { softEdges } from './soft-edges.js';

/** The inputs that pairs can be made with out of single pictures, a row each. */
export const PAIR_INPUTS: readonly PairInput[] = [edges, softEdges, grey, blur, lowres, mask, randomMask, lab];

/** Keeps the draws of inputs apart from others of one seed. */
const INPUT_STREAM = 0x696e7074;

/** A choice of an input with all its numbers, as parseInput() reads it. */
export interface InputChoice {
  /** The name of the input. */
  readonly name: string;
  /** The numbers that it is made with, by name. */
  readonly options: Readonly<Record<string, number>>;
}

/**
 * Reads how an input is chosen: its name, and numbers in place of its own, such as `edges` or `edges:sigma=2,low=0.1`.
 *
 * @throws INVALID_ARGUMENT for an input, a number or a value that there is not
 */
export function parseInput(text: string): InputChoice {
  const [name = '', rest] = text.split(/:(.*)/s, 2) as [string?, string?];
  const entries = (rest ?? '').split(',').filter((part) => part !== '');
  const given = entries.map((part): [string, number] => {
    const [option = '', value = ''] = part.split('=', 2);
    return [option, value.trim() === '' ? Number.NaN : Number(value)];
  });
  return chooseInput(name, given);
}

/** An input with some numbers in place of its own. @throws INVALID_ARGUMENT */
export function chooseInput(name: string, given: readonly (readonly [option: string, value: number])[]): InputChoice {
  const { options } = inputCalled(name);
  for (const [option, value] of given) {
    const row = Object.hasOwn(options, option) ? options[option] : undefined;
    if (row !== undefined && value >= row.min && value <= row.max) continue;
    throw new ShadegradError('INVALID_ARGUMENT', `${option || 'a number'} of the input ${name}`, {
      expected: row ? `a number from ${row.min} to ${row.max}` : describeOptions(options),
      received: row ? String(value) : `${option}=${value}`,
      fix: row ? `write ${name}:${option}=${row.default}` : 'leave it out',
    });
  }
  const defaults = Object.entries(options).map(([option, row]): [string, number] => [option, row.default]);
  return { name, options: Object.fromEntries([...defaults, ...given]) };
}

/**
 * Checks the numbers of an input together: those of a run from before a rule stay as they are.
 *
 * @throws INVALID_ARGUMENT
 */
export function expectNumbers(choice: InputChoice): InputChoice {
  const expected = inputCalled(choice.name).together?.(choice.options);
  if (expected === undefined) return choice;
  throw new ShadegradError('INVALID_ARGUMENT', `numbers of the input ${choice.name}`, {
    expected,
    received: inputText(choice),
    fix: 'change one of them',
  });
}

/** Whether an input is made of the picture alone, without the white beside it. */
export const madeOfPicture = ({ name }: InputChoice): boolean => inputCalled(name).ofPicture === true;

const describeOptions = (options: PairInput['options']): string =>
  Object.keys(options).length === 0 ? 'its name alone: it has no numbers' : Object.keys(options).join(', ');

/** The text that parseInput() reads a choice of, with all its numbers. */
export function inputText({ name, options }: InputChoice): string {
  const numbers = Object.entries(options).map(([option, value]) => `${option}=${value}`);
  return [name, numbers.join(',')].filter((part) => part !== '').join(':');
}

/**
 * Makes the input of a pair out of the picture that is to come out of it, at its size; the picture stays as it is.
 *
 * ```ts
 * const pair = { name, a: makeInput(photo, parseInput('edges:sigma=2'), name, 1), b: photo };
 * ```
 *
 * @param name of the picture, from which what is random follows, with the seed
 * @throws INVALID_ARGUMENT for an input that there is not
 */
export function makeInput(image: RgbImage, { name: input, options }: InputChoice, name: string, seed: number): RgbImage {
  return inputCalled(input).make(image, options, new RandomStream(seed, INPUT_STREAM, hashOf(name)));
}

/** @throws INVALID_ARGUMENT */
function inputCalled(name: string): PairInput {
  const input = PAIR_INPUTS.find((each) => each.name === name);
  if (input !== undefined) return input;
  throw new ShadegradError('INVALID_ARGUMENT', `There is no input ${JSON.stringify(name.slice(0, 40))}`, {
    expected: PAIR_INPUTS.map((each) => each.name).join(', '),
    fix: 'choose one of these, with numbers if wanted: edges:sigma=2',
  });
}

/** Options of a training that an input needs. */
export const trainingOf = ({ name }: InputChoice): Readonly<Record<string, string>> => inputCalled(name).training ?? {};

/** 32 bits of a name: FNV-1a over its code units. */
function hashOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
