import type { BenchResult } from './harness.js';
import { LIMITS, type BenchReport } from './report.js';
import { digits, formatTable } from './table.js';

/** One entry that both reports have. */
export interface Change {
  readonly kernel: string;
  readonly label: string;
  readonly old: BenchResult;
  readonly new: BenchResult;
  /** New median over old: above 1 is slower. */
  readonly ratio: number;
  /** Set where the samples of the two runs do not overlap at all; noise alone is then unlikely. */
  readonly verdict: 'slower' | 'faster' | null;
}

export interface Comparison {
  readonly changes: readonly Change[];
  readonly limits: readonly {
    readonly name: string;
    readonly unit: string;
    readonly old: number;
    readonly new: number;
    readonly ratio: number;
  }[];
  /** What makes the two runs hard to compare: another adapter, clock or sampling. */
  readonly warnings: readonly string[];
  /** Entries of this run that the old report does not have. */
  readonly added: readonly string[];
}

const nameOf = ({ kernel, label }: { kernel: string; label: string }): string => `${kernel} ${label}`;

/** Compares the entries that both have by name, in the order of the new report. */
export function compareReports(
  old: BenchReport,
  now: Pick<BenchReport, 'adapter' | 'clock' | 'sampling' | 'limits' | 'results'>,
): Comparison {
  const before = new Map(old.results.map((result) => [nameOf(result), result]));
  const warnings: string[] = [];
  const differ = (what: string, was: unknown, is: unknown): void => {
    if (JSON.stringify(was) !== JSON.stringify(is)) warnings.push(`another ${what}: ${describe(was)} then, ${describe(is)} now`);
  };
  differ('adapter', old.adapter.name, now.adapter.name);
  // What follows in brackets is why, with numbers that differ from run to run.
  differ('clock', old.clock.split(' (')[0], now.clock.split(' (')[0]);
  differ('sampling', old.sampling, now.sampling);
  return {
    changes: now.results.flatMap((result) => {
      const earlier = before.get(nameOf(result));
      return earlier === undefined ? [] : [change(earlier, result)];
    }),
    limits: LIMITS.map(({ key, name, unit }) => ({
      name,
      unit,
      old: old.limits[key],
      new: now.limits[key],
      ratio: now.limits[key] / old.limits[key],
    })),
    warnings,
    added: now.results.map(nameOf).filter((name) => !before.has(name)),
  };
}

const describe = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? 'not noted'));

function change(old: BenchResult, now: BenchResult): Change {
  // One sample has no spread that anything could be beyond.
  const judged = old.samplesMs.length > 1 && now.samplesMs.length > 1;
  const verdict = judged && now.minMs > old.maxMs ? 'slower' : judged && now.maxMs < old.minMs ? 'faster' : null;
  return { kernel: now.kernel, label: now.label, old, new: now, ratio: now.medianMs / old.medianMs, verdict };
}

export function formatComparison({ changes, limits, warnings, added }: Comparison): string {
  const of = (verdict: Change['verdict']): number => changes.filter((one) => one.verdict === verdict).length;
  const range = ({ minMs, maxMs }: BenchResult): string => `${digits(minMs)} to ${digits(maxMs)}`;
  const parts = [
    ...warnings.map((warning) => `Compare with care: ${warning}.`),
    formatTable(
      ['the adapter itself', 'old', 'new', 'new/old'],
      limits.map(({ name, unit, old, new: now, ratio }) => [`${name}, ${unit}`, digits(old), digits(now), ratio.toFixed(2)]),
    ),
    formatTable(
      ['kernel', 'case', 'old ms', 'old range', 'new ms', 'new range', 'new/old', ''],
      changes.map(({ kernel, label, old, new: now, ratio, verdict }) => [
        kernel,
        label,
        digits(old.medianMs),
        range(old),
        digits(now.medianMs),
        range(now),
        ratio.toFixed(2),
        verdict ?? '',
      ]),
    ),
    `${of('slower')} slower and ${of('faster')} faster beyond the spread of both runs; ${of(null)} within it.`,
  ];
  if (added.length > 0) parts.push(`Not in the old report: ${added.join('; ')}.`);
  return parts.join('\n\n');
}
