import { logLines, type LogEntry } from '../../files/log.js';
import { AppendedFile } from '../../files/appended.js';
import { writeFileAtomic } from '../../files/atomic.js';
import type { RecordOptions, RunRecord } from './record.js';

/** What a row says beside losses and metrics: the facts of its step, by their names in the log. */
const FACTS = ['epoch', 'seconds', 'learningRate', 'imagesPerSecond'] as const;
/** RFC 4180. */
const LINE_END = '\r\n';

/** A field, in quotes where it needs them. What is not finite is empty: a resumed run's table is made of its log, which has null for it. */
function field(value: unknown): string {
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : '';
  const text = typeof value === 'string' ? value : '';
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const line = (fields: readonly unknown[]): string => fields.map(field).join(',') + LINE_END;

/** Makes the rows of log.csv out of what is logged: one a validation, with the mean of each loss since the one before. */
class Rows {
  private readonly losses: readonly string[];
  private readonly metrics: readonly string[];
  private sums = new Map<string, { sum: number; count: number }>();
  private facts: Readonly<Record<string, unknown>> = {};

  constructor({ losses, metrics }: RecordOptions['scheme']) {
    this.losses = Object.keys(losses);
    this.metrics = Object.keys(metrics);
  }

  get header(): string {
    return line(['step', ...FACTS, ...this.losses, ...this.metrics.map((name) => `validation_${name}`)]);
  }

  addStep(entry: LogEntry): void {
    if (!this.losses.some((name) => name in entry)) return;
    this.facts = entry;
    for (const name of this.losses) {
      if (!(name in entry)) continue;
      const { sum, count } = this.sums.get(name) ?? { sum: 0, count: 0 };
      // The log has null for what was not finite.
      this.sums.set(name, { sum: sum + ((entry[name] as number | null) ?? NaN), count: count + 1 });
    }
  }

  rowOf(step: number, metrics: Readonly<Record<string, unknown>>): string {
    const means = this.losses.map((name) => {
      const mean = this.sums.get(name);
      return mean ? mean.sum / mean.count : '';
    });
    this.sums = new Map();
    return line([step, ...FACTS.map((name) => this.facts[name]), ...means, ...this.metrics.map((name) => metrics[name])]);
  }
}

/**
 * Keeps log.csv: a table with a row a validation, for spreadsheets and data frames. What a resumed run begins with is made of its log, so
 * that it has the rows of a run that was never stopped, whenever the flag was first there.
 */
export async function openCsv({ folder, scheme, resumedAt }: RecordOptions): Promise<RunRecord> {
  const rows = new Rows(scheme);
  let text = rows.header;
  if (resumedAt !== undefined) {
    for await (const { entry } of logLines(folder.log)) {
      if ('validation' in entry) text += rows.rowOf(entry.step, entry.validation as Readonly<Record<string, unknown>>);
      else if (!('diagnosis' in entry)) rows.addStep(entry);
    }
  }
  await writeFileAtomic(folder.table, text);
  const file = new AppendedFile(folder.table);
  return {
    steps: (entries) => entries.forEach((entry) => rows.addStep(entry)),
    validation: ({ step, metrics }) => file.append(Buffer.from(rows.rowOf(step, metrics))),
    flush: () => file.flush(),
    close: () => file.close(),
  };
}
