import { ShadegradError } from '../errors.js';
import { numberFrom, whole, type OptionFlag, type OptionRow } from '../training/option-table.js';

/** Whether a side halves to one pixel: 1, 2, 4 and so on. */
export const isPowerOfTwo = (value: unknown): boolean => Number.isInteger(Math.log2(value as number));

/** A row of what says something of a network, or of a loss, that there is with some options alone. */
export const onlyWith = (row: OptionRow, expected: string, when: NonNullable<OptionRow['only']>['when']): OptionRow => ({
  ...row,
  only: { when, expected },
});

/** The row of an option that weighs a loss. @param reference names that the reference program has for it */
export const weightRow = (byDefault: number, reference: string | readonly string[], description: string): OptionRow => ({
  default: byDefault,
  fits: numberFrom(0),
  expected: 'a finite number of at least 0',
  fix: `leave it out for ${byDefault}`,
  flag: { group: 'Training', reference: [reference].flat(), type: 'number', min: 0, max: 1e6, description: `${description}; ${byDefault}` },
});

/**
 * The row of an option that says how many channels a network has.
 *
 * @param names that reference programs have for it
 * @param fix what to do about a number that cannot be
 */
export const widthRow = (names: string | readonly string[], description: string, fix = 'the paper uses 64'): OptionRow => ({
  fits: whole(1),
  expected: 'a whole number of channels from 1 up',
  fix,
  flag: { group: 'Networks', reference: [names].flat(), type: 'integer', min: 1, max: 256, description },
});

/** The flag of an option that says to which side images are resized before they are cropped. */
export const LOAD_SIZE_FLAG: OptionFlag = {
  group: 'Data',
  reference: ['load_size'],
  type: 'integer',
  min: 1,
  max: 4096,
  check: (side) => (side % 2 === 0 ? undefined : 'an even number'),
  description: 'side to which images are resized before the random crop, at least --size; by default 286 for 256, without jitter --size',
};

/** The row of an option that says whether images are cropped and mirrored at random. */
export const JITTER_ROW: OptionRow = {
  fix: 'the paper uses true',
  flag: { group: 'Data', type: 'boolean', default: true, description: 'no random crops and mirroring' },
};

/** The row of an option that says whether images are mirrored, where they are cropped at random. */
export const FLIP_ROW: OptionRow = {
  default: true,
  fix: 'leave it out for true',
  only: { when: ({ jitter }) => jitter === true, expected: '`jitter` true' },
  flag: { group: 'Data', reference: ['no_flip'], type: 'boolean', default: true, description: 'random crops without mirroring' },
};

/** @throws INVALID_ARGUMENT for images that are to be cropped to a larger side than they are resized to */
export function expectLoadSize({ size, loadSize, jitter }: { size: number; loadSize?: number; jitter: boolean }): void {
  if (!jitter || loadSize === undefined || loadSize >= size) return;
  throw new ShadegradError('INVALID_ARGUMENT', 'loadSize of the training', {
    expected: `at least size, ${size}`,
    received: `loadSize ${loadSize}`,
    fix: 'leave loadSize out, or choose a smaller size',
  });
}

/** The row of an option that says of how many random numbers an image is made: 100, if it is left out. */
export const NOISE_ROW: OptionRow = {
  default: 100,
  fits: whole(1),
  expected: 'a whole number of random numbers from 1 up',
  fix: 'leave it out for 100',
  flag: { group: 'Networks', type: 'integer', min: 1, max: 4096, description: 'random numbers that an image is made of; 100' },
};
