import { ShadegradError } from '../../errors.js';
import type { OptionRow, OptionTable } from '../option-table.js';
import type { ImageSide } from '../scheme.js';
import { colorJitter, type ColorJitterOptions } from './color-jitter.js';
import { flipVertical, type FlipVerticalOptions } from './flip-vertical.js';
import type { Augmentation } from './kind.js';
import { quarterTurns, type QuarterTurnsOptions } from './quarter-turns.js';
import { rotation, type RotationOptions } from './rotation.js';

/** Options of what is done to training images at random, of every training. */
export type AugmentationOptions = FlipVerticalOptions & QuarterTurnsOptions & RotationOptions & ColorJitterOptions;

/** What is done to training images at random beside crops and mirroring, in the order in which it is done. */
export const AUGMENTATIONS: readonly Augmentation[] = [flipVertical, quarterTurns, rotation, colorJitter] as unknown as Augmentation[];

/** The options of all of them. */
export const AUGMENTATION_OPTIONS = Object.assign({}, ...AUGMENTATIONS.map(({ options }) => options)) as OptionTable<AugmentationOptions>;

/** An augmentation that is turned on, with its options, complete. */
export interface TurnedOn {
  readonly augmentation: Augmentation;
  readonly options: Readonly<Record<string, unknown>>;
}

/**
 * Finds what some options turn on.
 *
 * @param options as a training was given them, each right by itself; null counts as left out
 * @throws INVALID_ARGUMENT for an option of what is not turned on
 */
export function augmentationsOf(options: Partial<AugmentationOptions> | Readonly<Record<string, unknown>>): TurnedOn[] {
  const given = options as Readonly<Record<string, unknown>>;
  return AUGMENTATIONS.flatMap((augmentation) => {
    const rows = Object.entries<OptionRow>(augmentation.options);
    const complete = Object.fromEntries(rows.map(([name, row]) => [name, given[name] ?? row.default]));
    const { turnedOnBy, title } = augmentation as Augmentation & { turnedOnBy: string };
    const usual = rows.find(([name]) => name === turnedOnBy)![1].default;
    if (complete[turnedOnBy] !== usual) return [{ augmentation, options: complete }];
    const idle = rows.find(([name]) => name !== turnedOnBy && (given[name] ?? null) !== null);
    if (!idle) return [];
    throw new ShadegradError('INVALID_ARGUMENT', `${idle[0]} of the training`, {
      expected: `\`${turnedOnBy}\` with it, which turns the ${title} on`,
      received: `${String(given[idle[0]])}, and no \`${turnedOnBy}\``,
      fix: `add \`${turnedOnBy}\`, or leave \`${idle[0]}\` out`,
    });
  });
}

/** @throws INVALID_ARGUMENT where what is turned on changes none of the images of a step, and for an input or target that there is not */
export function expectChanges(turnedOn: readonly TurnedOn[], sides: Readonly<Record<string, ImageSide>>): void {
  const all = Object.values(sides);
  for (const { augmentation, options } of turnedOn) {
    const strange = Object.keys(augmentation.options).find(
      (name) => isRole(options[name]) && !all.some(({ role }) => role === options[name]),
    );
    if (strange !== undefined) {
      throw new ShadegradError('INVALID_ARGUMENT', `${strange} of the training`, {
        expected: "'both', by a scheme whose images are neither input nor target",
        received: `'${String(options[strange])}'`,
        fix: `leave \`${strange}\` out`,
      });
    }
    if (!augmentation.changes || all.some((side) => augmentation.changes!(side, options))) continue;
    const { turnedOnBy, title } = augmentation as Augmentation & { turnedOnBy: string };
    throw new ShadegradError('INVALID_ARGUMENT', `${turnedOnBy} of the training`, {
      expected: `images that the ${title} can change`,
      received: 'images without colours',
      fix: `leave \`${turnedOnBy}\` out`,
    });
  }
}

const isRole = (value: unknown): boolean => value === 'input' || value === 'target';
