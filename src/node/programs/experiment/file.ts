import { readFile } from 'node:fs/promises';
import { oneLine, printableName } from '../../../formats/names.js';
import { ShadegradError } from '../../../errors.js';
import { findScheme, SCHEMES } from '../../../schemes/registry.js';
import { repeatedKey } from '../../../formats/repeated-key.js';
import { nearest } from '../../terminal/flags.js';
import { keyTwice } from '../../terminal/options-file.js';
import type { Experiment, Setting, TrainingFlags } from './kind.js';

/** A name that is a part of the names of folders. */
const NAME = /^[a-z0-9][a-z0-9-]{0,63}$/;
const NAME_EXPECTED = 'small letters, digits and dashes, at most 64';

type Check = (value: unknown) => boolean;

/** What a key of an object may be. */
interface KeyRow {
  readonly fits: Check;
  readonly expected: string;
  readonly required?: boolean;
}

const isText: Check = (value) => typeof value === 'string' && value.trim() !== '';
const isTexts: Check = (value) => Array.isArray(value) && value.length > 0 && value.every(isText);
const isName: Check = (value) => typeof value === 'string' && NAME.test(value);
const isValue: Check = (value) => typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value) || isTexts(value);
const isObject: Check = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const isSide: Check = (value) => Number.isSafeInteger(value) && (value as number) > 0;

const TEXT = { fits: isText, expected: 'a text' } as const;
const FLAGS = {
  fits: (value: unknown): boolean => isObject(value) && Object.values(value as object).every(isValue),
  expected: 'an object of flags of train, each with a text, a number, true, false or a list of texts, such as {"lambda": 10}',
} as const;

/** The keys of an experiment's file, a row each. */
const EXPERIMENT_KEYS: Readonly<Record<keyof Experiment, KeyRow>> = {
  name: { fits: isName, expected: NAME_EXPECTED },
  title: TEXT,
  scheme: {
    fits: (value) => typeof value === 'string' && findScheme(value) !== null,
    expected: SCHEMES.map(({ name }) => name).join(', '),
  },
  flags: FLAGS,
  settings: {
    fits: (value) => Array.isArray(value) && value.length > 0 && value.every(isObject),
    expected: 'an array of objects, a setting each',
    required: true,
  },
  metrics: { fits: isTexts, expected: 'an array of names of metrics' },
  samples: { fits: (value) => isSide(value) && (value as number) <= 1000, expected: 'a whole number from 1 to 1000' },
  published: TEXT,
};

/** The keys of a setting, a row each. */
const SETTING_KEYS: Readonly<Record<keyof Setting, KeyRow>> = {
  name: { fits: isName, expected: NAME_EXPECTED, required: true },
  title: TEXT,
  flags: FLAGS,
  smallest: { fits: isSide, expected: 'a side in pixels' },
  published: TEXT,
};

/**
 * Reads an experiment from a file of JSON.
 *
 * @throws DATA_NOT_FOUND for no file; BAD_FLAG for one that is none, with the key that is wrong
 */
export async function readExperiment(path: string): Promise<Experiment> {
  const shown = printableName(path);
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new ShadegradError('DATA_NOT_FOUND', `${shown} cannot be read`, {
      received: cause.code ?? String(cause),
      fix: 'check the path of the file that describes the experiment',
      cause,
    });
  });
  return parseExperiment(text, path);
}

/** Reads an experiment from the text of its file. @param path names it, and is its name where it has none of its own */
export function parseExperiment(text: string, path: string): Experiment {
  const shown = printableName(path);
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (cause) {
    throw notExperiment(shown, (cause as Error).message, cause);
  }
  const twice = repeatedKey(text);
  if (twice !== undefined) throw keyTwice(shown, twice);
  if (!isObject(value)) throw notExperiment(shown, oneLine(text.trim(), 40));
  const file = value as Record<string, unknown>;
  expectKeys(file, EXPERIMENT_KEYS, shown);
  const settings = (file.settings as Record<string, unknown>[]).map((setting, at) => {
    const where = `${shown}: settings[${at}]`;
    expectKeys(setting, SETTING_KEYS, where);
    return { title: setting.name, flags: {}, ...setting } as unknown as Setting;
  });
  const namesake = settings.find(({ name }, at) => settings.findIndex((other) => other.name === name) < at);
  if (namesake !== undefined) {
    throw new ShadegradError('BAD_FLAG', `${shown}: two settings are called ${namesake.name}`, {
      expected: 'another name for each',
      fix: 'rename one of them',
    });
  }
  const name = (file.name as string | undefined) ?? nameOf(path);
  return { title: name, ...file, name, settings } as Experiment;
}

/** The name of a file without its folder and ending, as the name of an experiment. */
function nameOf(path: string): string {
  const base = path
    .split(/[\\/]/)
    .pop()!
    .replace(/\.json$/i, '')
    .toLowerCase();
  return (
    base
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, '')
      .slice(0, 64) || 'experiment'
  );
}

/** @throws BAD_FLAG with the key */
function expectKeys(value: Readonly<Record<string, unknown>>, rows: Readonly<Record<string, KeyRow>>, where: string): void {
  for (const key of Object.keys(value)) {
    if (Object.hasOwn(rows, key)) continue;
    const near = nearest(key, Object.keys(rows));
    throw new ShadegradError('BAD_FLAG', `${where} has an unknown key ${JSON.stringify(key).slice(0, 60)}`, {
      expected: Object.keys(rows).join(', '),
      fix: near === undefined ? 'leave it out' : `did you mean ${JSON.stringify(near)}?`,
    });
  }
  for (const [key, { fits, expected, required = false }] of Object.entries(rows)) {
    if (value[key] === undefined && !required) continue;
    if (fits(value[key])) continue;
    throw new ShadegradError('BAD_FLAG', `${where}: ${JSON.stringify(key)} has a wrong value`, {
      expected,
      received: (JSON.stringify(value[key]) ?? 'nothing').slice(0, 60),
      fix: 'change it in the file (docs/experiments.md has the form)',
    });
  }
}

const notExperiment = (shown: string, received: string, cause?: unknown): ShadegradError =>
  new ShadegradError('BAD_FLAG', `${shown} describes no experiment`, {
    expected: 'a JSON object such as {"settings": [{"name": "weak", "flags": {"lambda": 10}}, {"name": "usual"}]}',
    received,
    fix: 'mend the file (docs/experiments.md has the form)',
    cause,
  });

/** Flags as a person types them: `--lambda 10 --no-flip`. */
export const flagsInWords = (flags: TrainingFlags): string =>
  Object.entries(flags)
    .map(([name, value]) => (typeof value === 'boolean' ? `--${value ? '' : 'no-'}${name}` : `--${name} ${[value].flat().join(' ')}`))
    .join(' ');
