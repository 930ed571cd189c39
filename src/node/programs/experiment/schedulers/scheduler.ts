import type { Flag } from '../../../terminal/flags.js';

/** A file or folder that a call names, and where. */
export interface NamedPath {
  /** Such as `--data`. */
  readonly what: string;
  readonly path: string;
}

/** What a scheduler is to run: the same call on several machines, each with another part of the runs. */
export interface Job {
  /** Letters, digits and dashes. */
  readonly name: string;
  /** The command line as words for a shell, quoted; without --shard. */
  readonly command: string;
  /** Parts that the runs are divided into. */
  readonly parts: number;
  /** The values of the scheduler's own flags. */
  readonly flags: Readonly<Record<string, unknown>>;
  /** What the call reads and writes: its machines have to see all of it. */
  readonly paths: readonly NamedPath[];
}

/** A program that runs jobs on the machines of a cluster. */
export interface Scheduler {
  /** The flag that asks for its script. */
  readonly flag: string;
  /** That flag, and those that the script is made by. */
  readonly flags: readonly Flag[];
  /** The script. */
  script(job: Job): string;
  /** What its user has to see to, which the script cannot know. */
  notes?(job: Job): string[];
}
