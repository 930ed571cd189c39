import type { Flag } from '../../training/run/flag-table.js';

/** The flag of programs that print remarks and progress. */
export const QUIET_FLAG = {
  name: 'quiet',
  type: 'boolean',
  description: 'print no remarks and no progress: results that were asked for, and errors, alone',
} as const satisfies Flag;

let quiet = false;

/** Chooses whether remarks and progress of this process are left out from now on: what a program does with `--quiet`. */
export function keepQuiet(on: boolean): void {
  quiet = on;
}

/** Whether remarks and progress are left out. */
export const isQuiet = (): boolean => quiet;

let aside = false;

/** Chooses whether remarks go to stderr from now on: what a program does whose results are written to stdout. */
export function keepAside(on: boolean): void {
  aside = on;
}

/** Prints what is good to know and no result, unless the user wants it quiet. */
export function remark(line: string): void {
  if (quiet) return;
  if (aside) console.error(line);
  else console.log(line);
}
