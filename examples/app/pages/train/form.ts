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

/** A name that no data set has yet, so that none is replaced that a run may need: `shoes`, `shoes 2`. */
export function freeName(name: string, taken: readonly string[]): string {
  for (let number = 1; ; number++) {
    const each = number === 1 ? name : `${name} ${number}`;
    if (!taken.includes(each)) return each;
  }
}

/** A run of before, by the files that go on with it. */
export interface EarlierFiles<Chosen> {
  readonly checkpoint: Chosen;
  readonly log: Chosen | undefined;
}

/**
 * What to go on with among chosen files: the checkpoint of a run's folder and its log, or a single checkpoint; null where there is none.
 *
 * @throws Error in words for several of which none is the run's latest
 */
export function earlierIn<Chosen extends { readonly path: string }>(files: readonly Chosen[]): EarlierFiles<Chosen> | null {
  const nameOf = ({ path }: Chosen): string => path.slice(path.lastIndexOf('/') + 1);
  const weights = files.filter((file) => /\.safetensors$/i.test(nameOf(file)));
  if (weights.length === 0) return null;
  const latest = weights.filter((file) => nameOf(file) === 'checkpoint.safetensors');
  const [checkpoint, other] = latest.length > 0 ? latest : weights;
  if (other) throw new Error(`There are ${weights.length} checkpoints in what was chosen: choose one of them, or the folder of one run`);
  const logs = files.filter((file) => /\.jsonl$/i.test(nameOf(file)));
  return { checkpoint: checkpoint!, log: logs.find((file) => nameOf(file) === 'log.jsonl') ?? logs[0] };
}

/** A name for a data set of chosen files: that of the folder, the folders or the zip, with what names of files may have. */
export function dataName(paths: readonly string[]): string {
  const [first = 'pictures'] = paths;
  const outers = [...new Set(paths.map((path) => (path.includes('/') ? path.split('/')[0]! : '')))];
  const folders = outers.length <= 3 && !outers.includes('') ? outers.join(' and ') : 'pictures';
  const outer = paths.length === 1 && !first.includes('/') ? first.replace(/\.[a-z\d]{2,4}$/i, '') : folders;
  const plain = outer
    .normalize('NFC')
    .replace(/[^\p{L}\p{N}._ -]/gu, '_')
    .replace(/^\.+/, '');
  return (plain === 'synthetic' ? 'synthetic pictures' : plain).slice(0, 80) || 'pictures';
}
