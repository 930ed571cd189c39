import type { OptionValue } from 'shadegrad';

/** How long a training is to take: a row of the form. */
export interface LengthRow {
  readonly value: string;
  readonly label: string;
  /** What the training is started with. */
  readonly options: Readonly<Record<string, OptionValue>>;
}

/** The lengths that the form offers. Within so many minutes the library chooses the size and the width by the adapter's speed. */
export const LENGTHS: readonly LengthRow[] = [
  { value: '5', label: '5 minutes, to see whether it learns', options: { preset: 'preview', minutes: 5 } },
  { value: '20', label: '20 minutes', options: { preset: 'preview', minutes: 20 } },
  { value: '60', label: 'An hour', options: { preset: 'preview', minutes: 60 } },
  { value: '480', label: 'A night', options: { preset: 'preview', minutes: 480 } },
  { value: 'full', label: 'As in the paper: hours to days on a good GPU', options: { preset: 'full' } },
];

/** What the form says. */
export interface TrainForm {
  readonly scheme: string;
  readonly length: string;
  /** Options as `name=value`, with spaces between them; empty for none. */
  readonly more: string;
}

/**
 * The options that a training is started with.
 *
 * @throws Error in words for what is no `name=value`
 */
export function optionsOf({ length, more }: TrainForm): Record<string, OptionValue> {
  const asked = Object.fromEntries(
    more
      .split(/[\s,;]+/)
      .filter((word) => word !== '')
      .map((word): [string, OptionValue] => {
        const [, name, value] = /^([A-Za-z][\w]*)=(.+)$/.exec(word) ?? [];
        if (name === undefined) throw new Error(`"${word}" says nothing: write an option as name=value, such as size=128`);
        return [name, parsedValue(value!)];
      }),
  );
  const { minutes, ...preset } = LENGTHS.find((row) => row.value === length)?.options ?? LENGTHS[0]!.options;
  // A length that is said takes the place of the chosen one.
  const lengthGiven = ['steps', 'epochs', 'minutes'].some((name) => name in asked);
  return { ...preset, ...(minutes !== undefined && !lengthGiven && { minutes }), ...asked };
}

function parsedValue(text: string): OptionValue {
  if (text === 'true' || text === 'false') return text === 'true';
  return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
}

/** A name for a data set of chosen files: that of the folder or the zip, with what names of files may have. */
export function dataName(paths: readonly string[]): string {
  const [first = 'pictures'] = paths;
  const outer = paths.length === 1 ? first.replace(/\.zip$/i, '') : first.split('/')[0]!;
  const plain = outer.replace(/[^\p{L}\p{N}._ -]/gu, '_').replace(/^\.+/, '');
  return (plain === 'synthetic' ? 'synthetic pictures' : plain).slice(0, 80) || 'pictures';
}
