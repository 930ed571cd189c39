/** Reports of benchmarks as files: what only Node does with them. */
import { readFile } from 'node:fs/promises';
import { ShadegradError } from '../src/errors.js';
import type { Gpu } from '../src/gpu/gpu.js';
import { writeFileAtomic } from '../src/node/files/atomic.js';
import type { BenchResult } from './harness.js';
import { LIMITS, provenanceOf, type BenchReport, type Provenance, type ReportedAdapter } from './report.js';
import { WALL_CLOCK } from './timing.js';

/** `clock` says how the times were taken. */
export function provenance(gpu: Gpu, adapter: ReportedAdapter, clock = WALL_CLOCK): Provenance {
  return provenanceOf(gpu, adapter, { node: process.version }, clock);
}

/** Writes a report that a later run, or another tool, can read. @throws WRITE_FAILED */
export async function writeJson(path: string, report: object): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify(report, null, 2)}\n`);
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
