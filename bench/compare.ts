import { readFile } from 'node:fs/promises';
import { ShadegradError } from '../src/errors.js';
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

/**
 * Reads what `--json` wrote.
 * @throws DATA_NOT_FOUND when there is no such file, DATA_UNREADABLE when it holds something else
 */
export async function readReport(path: string): Promise<BenchReport> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new ShadegradError(code === 'ENOENT' ? 'DATA_NOT_FOUND' : 'DATA_UNREADABLE', `the report ${path} could not be read`, {
      received: code ?? String(cause),
      fix: 'write one first: npm run bench -- --json FILE',
      cause,
    });
  }
  const refuse = (received: string, cause?: unknown): ShadegradError =>
    new ShadegradError('DATA_UNREADABLE', `${path} is no benchmark report`, {
      expected: 'a file written by npm run bench -- --json FILE',
      received,
      fix: 'name such a file; reports of bench:step cannot be compared here',
      cause,
    });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw refuse('text that is not JSON', cause);
  }
  const report = value as Partial<BenchReport> | null;
  if (typeof report !== 'object' || report === null) throw refuse(`JSON, but ${JSON.stringify(value)}`);
  const missing = LIMITS.map(({ key }) => key).filter((key) => !isPositive(report.limits?.[key]));
  if (missing.length > 0) throw refuse(`JSON without limits.${missing[0]}`);
  if (!Array.isArray(report.results)) throw refuse('JSON without results');
  const broken = report.results.findIndex((result) => !isResult(result));
  if (broken >= 0) throw refuse(`results[${broken}] lacks its name or its times`);
  if (typeof report.adapter?.name !== 'string') throw refuse('JSON without adapter.name');
  if (typeof report.clock !== 'string') throw refuse('JSON without clock');
  return report as BenchReport;
}

const isPositive = (value: unknown): boolean => typeof value === 'number' && value > 0 && Number.isFinite(value);

function isResult(value: Partial<BenchResult> | null): boolean {
  return (
    typeof value?.kernel === 'string' &&
    typeof value.label === 'string' &&
    Array.isArray(value.samplesMs) &&
    [value.medianMs, value.minMs, value.maxMs].every(isPositive)
  );
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
