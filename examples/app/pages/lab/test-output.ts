/** What one file of tests came to. */
export interface TestResult {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly seconds: number;
  /** What it wrote about what failed; empty when all is well. */
  readonly words: string;
}

/** Colours of terminals. */
const COLOURS = /\x1b\[[0-9;]*m/g;
/** What uvu writes as it goes: a sign for each test, how many went well, and its summary. */
const PROGRESS = /^\s*([•✘]|\(\d+ \/ \d+\)|(Total|Passed|Skipped|Duration):.*)\s*$/;

/** Reads what a file of tests wrote: uvu's summary, and its words about what failed. What ended without a summary failed as a whole. */
export function readOutput(name: string, coloured: string, finished: boolean, seconds: number): TestResult {
  const output = coloured.replace(COLOURS, '');
  const count = (what: string): number =>
    Number([...output.matchAll(new RegExp(`^\\s*${what}:\\s+(\\d+)`, 'gm'))].at(-1)?.[1] ?? Number.NaN);
  const [total, passed, skipped] = [count('Total'), count('Passed'), count('Skipped')];
  const complete = finished && total > 0;
  const failed = complete ? total - passed : Math.max(1, total - passed || 0);
  const words =
    failed > 0
      ? output
          .split('\n')
          .filter((line) => line.trim() !== '' && !PROGRESS.test(line))
          .join('\n')
          .trim()
      : '';
  return { name, passed: passed || 0, failed, skipped: skipped || 0, seconds, words };
}
