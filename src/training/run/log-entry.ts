/** A line of a run's log. Numbers that are not finite become `null` in the file, as JSON has none. */
export interface LogEntry {
  /** The training step it belongs to. */
  step: number;
  [field: string]: unknown;
}
