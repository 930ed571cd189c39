import { PAIR_INPUTS, parseInput } from '../../../data/inputs/registry.js';
import type { TrainingScheme } from '../../../training/scheme.js';

/** What a network is given to translate, as a card says it. */
export interface GivenPicture {
  /** The name of a file that stands for it in calls. */
  readonly file: string;
  /** What it is, such as `a label map`. */
  readonly words: string;
}

/** What a run was trained on, as far as it says what its networks are given. */
export interface GivenFacts {
  readonly scheme: Pick<TrainingScheme, 'pictures' | 'readings' | 'data'>;
  /** The options of the scheme. */
  readonly options: Readonly<Record<string, unknown>>;
  /** How pairs were made of single pictures, where they were. */
  readonly make: string | null;
  /** The name of the folder of the data; undefined for what the program draws. */
  readonly data: string | undefined;
}

type Halves = readonly [a: string, b: string];

/** The halves of data sets whose names do not say them. */
const NAMED: Readonly<Record<string, Halves>> = {
  facades: ['photo', 'label map'],
  'cmp-facades': ['photo', 'label map'],
  cityscapes: ['photo', 'label map'],
  maps: ['aerial photo', 'map'],
};
/** What the program draws where no data are named. */
const DRAWN: Halves = ['photo', 'label map'];
/** As data sets of pairs are usually called, after half A and half B: edges2shoes. */
const BY_NAME = /^([a-z]+)2([a-z]+)(?:[_.-].*)?$/i;

/** What the networks of a run are given. @param index of the network among its generators */
export function givenPicture({ scheme, options, make, data }: GivenFacts, index: number): GivenPicture {
  const { given } = scheme.pictures(options);
  const column = given[index] ?? given[0];
  const half = column?.half === 'b' ? 'b' : 'a';
  const reading = scheme.readings?.(options)[half];
  if (reading?.kind === 'numbers') return { file: 'input.npy', words: `an array of ${reading.channels} channels` };
  if (reading?.kind === 'classes') return { file: 'classes.png', words: `an index map of ${reading.count} classes` };
  if (make !== null) {
    const { name } = parseInput(make);
    const row = PAIR_INPUTS.find((each) => each.name === name)!;
    return half === 'a' ? { file: `${row.name}.png`, words: row.title } : called('photo');
  }
  if (column?.title === 'Photo') return called('photo');
  const name = data?.toLowerCase().replace(/^cyclegan-/, '');
  const [, a, b] = BY_NAME.exec(name ?? '') ?? [];
  const halves = name === undefined ? DRAWN : Object.hasOwn(NAMED, name) ? NAMED[name]! : a === undefined ? undefined : ([a, b!] as const);
  if (halves !== undefined) return called(halves[half === 'a' ? 0 : 1]);
  if (scheme.data === 'images') return { file: 'input.png', words: 'a picture of the kind that it was trained on' };
  const side = scheme.data === 'unpaired' ? `set ${half.toUpperCase()} of its data` : `half ${half.toUpperCase()} of the pairs`;
  return { file: 'input.png', words: `a picture such as those of ${side}` };
}

function called(what: string): GivenPicture {
  const ending = /photo/.test(what) ? 'jpg' : 'png';
  const article = /s$/.test(what) ? '' : /^[aeiou]/.test(what) ? 'an ' : 'a ';
  return { file: `${what.replaceAll(' ', '-')}.${ending}`, words: `${article}${what}` };
}
