import type { OptionValue } from '../../../training/option-table.js';
import { openCsv } from './csv.js';
import type { OpenRecord, RecordOptions, RunRecord } from './record.js';
import { openTensorBoard } from './tensorboard.js';

/** What keeps a run in another form beside its log, by the setting that asks for it (run-options.ts). */
const RECORDS: Readonly<Record<string, OpenRecord>> = { csv: openCsv, tensorboard: openTensorBoard };

/** Opens the records that a run asks for. @throws WRITE_FAILED; none is left open then */
export async function openRecords(settings: Readonly<Record<string, OptionValue>>, options: RecordOptions): Promise<RunRecord[]> {
  const records: RunRecord[] = [];
  try {
    for (const [name, open] of Object.entries(RECORDS)) if (settings[name] === true) records.push(await open(options));
    return records;
  } catch (error) {
    for (const record of records) record.close();
    throw error;
  }
}
