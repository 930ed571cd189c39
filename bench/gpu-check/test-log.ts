/** What a run of `npm test` came to, as far as its output goes. */
export interface TestCounts {
  readonly files: number;
  readonly passed: number;
  readonly failed: number;
  /** Whether it ran to its end. */
  readonly whole: boolean;
  /** The lines of the files in which something failed. */
  readonly failures: readonly string[];
}

const FILE = /^(?:ok {4}|FAILED) (\S.*): (\d+) of (\d+)\b.*$/gm;

/** Reads the output of scripts/test.js, whole or cut short. */
export function readTests(output: string): TestCounts {
  const files = [...output.matchAll(FILE)];
  const sum = (pick: (match: RegExpExecArray) => number): number => files.reduce((total, match) => total + pick(match), 0);
  return {
    files: files.length,
    passed: sum(([, , passed]) => Number(passed)),
    failed: sum(([, , passed, all]) => Number(all) - Number(passed)),
    whole: /^\d+ passed, \d+ failed$/m.test(output),
    failures: files.filter(([line]) => line.startsWith('FAILED')).map(([line]) => line),
  };
}
