import type { SchemeMetric } from '../../training/scheme.js';
import type { TestedSample } from '../training/tested.js';

/** What a discriminator said of the pictures of all samples, for the page and the file of numbers. */
export interface PatchTable {
  /** The side of a patch in pixels; undefined where the network does not say. */
  readonly field: number | undefined;
  /** The mean over all samples, by the heading of the picture. */
  readonly means: Readonly<Record<string, number>>;
  /** Of each sample likewise. */
  readonly rows: readonly Readonly<Record<string, number>>[];
  /** Columns of the page beside its metrics. */
  readonly metricRows: Readonly<Record<string, SchemeMetric>>;
  readonly metrics: Readonly<Record<string, number>>;
  /** The values of a sample in these columns. */
  named(sample: number): Readonly<Record<string, number>>;
  /** What the maps show, in sentences. */
  readonly lead: string;
}

/** A column's name beside those of metrics. */
const columnOf = (picture: string): string => `patches of ${picture}`;

/** Puts together what was said of each sample. */
export function patchTable(judged: readonly NonNullable<TestedSample['patches']>[]): PatchTable {
  const pictures = judged[0]!.map(({ picture }) => picture);
  const rows = judged.map((of) => Object.fromEntries(of.map(({ picture, mean }) => [picture, mean])));
  const means = Object.fromEntries(pictures.map((name) => [name, rows.reduce((sum, row) => sum + row[name]!, 0) / rows.length]));
  const inColumns = (values: Readonly<Record<string, number>>): Record<string, number> =>
    Object.fromEntries(pictures.map((name) => [columnOf(name), values[name]!]));
  const field = judged[0]![0]!.receptiveField;
  const square = field === undefined ? 'patch' : field === 1 ? 'pixel' : `square of ${field} x ${field} pixels`;
  return {
    ...{ field, means, rows, metrics: inColumns(means) },
    metricRows: Object.fromEntries(pictures.map((name) => [columnOf(name), { label: `D(${name})`, better: 'higher' }])),
    named: (sample) => inColumns(rows[sample]!),
    lead:
      ` Patches: how real the discriminator takes each ${square} for, from violet (generated) to yellow (real); ` +
      `${pictures.map((name) => `D(${name})`).join(' and ')} is the mean, from 0 to 1.`,
  };
}
