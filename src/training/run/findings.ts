import type { Finding } from '../diagnoses/diagnosis.js';
import type { LogEntry } from './log-entry.js';

/** A trouble that stays is said again when the run has taken so many times the steps. */
const AGAIN = 2;

/** The troubles that were found in a run: the latest of each kind, and when each was said. */
export class RunFindings {
  private readonly latest = new Map<string, Finding>();
  private readonly saidAt = new Map<string, number>();

  /** The latest of each kind, in the order in which the kinds were first found. */
  get all(): readonly Finding[] {
    return [...this.latest.values()];
  }

  /** Takes what was found. @returns what is to be said and logged now: each kind when it is new, and ever more rarely while it stays */
  add(found: readonly Finding[]): Finding[] {
    return found.filter((finding) => {
      const { diagnosis, step } = finding;
      this.latest.set(diagnosis, finding);
      const before = this.saidAt.get(diagnosis);
      if (before !== undefined && step < AGAIN * Math.max(before, 1)) return false;
      this.saidAt.set(diagnosis, step);
      return true;
    });
  }

  /** Takes one out of a log; what is none is left out. */
  restore({ step, diagnosis, title, evidence, tries }: LogEntry): void {
    if (typeof diagnosis !== 'string' || typeof title !== 'string' || typeof evidence !== 'string' || !Array.isArray(tries)) return;
    this.add([{ diagnosis, title, step, evidence, tries: tries.map(String) }]);
  }
}
