import { join } from 'node:path';
import { printableName, printableText } from '../../../../formats/names.js';
import type { Summary } from '../../../../training/evaluation/statistics.js';
import { writeFileAtomic } from '../../../files/atomic.js';
import { formatCountOf, formatJson, formatNumber } from '../../../../formats/words.js';
import { remark } from '../../../terminal/remarks.js';
import type { HumanProtocol } from './protocol.js';
import { isFinished, scoreSessions, type HumanScore } from './score.js';
import type { Session } from './sessions.js';
import type { StudySettings } from './study.js';

/** What is known of a study. */
export interface StudyResults {
  readonly protocol: HumanProtocol;
  readonly settings: StudySettings;
  readonly sessions: readonly Session[];
}

/** How results are told. */
export interface ResultOptions {
  readonly incomplete: boolean;
  readonly seed: number;
  readonly json: boolean;
  /** A file for a table of every answer, beside that in the folder. */
  readonly csv: string | undefined;
}

type Cell = string | number | boolean;

/** A table of comma-separated values. */
function table(rows: readonly (readonly Cell[])[]): string {
  const cell = (value: Cell): string => {
    const text = typeof value === 'boolean' ? String(Number(value)) : Number.isNaN(value) ? '' : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return rows.map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}

/** A table with a row for every answer, those of practice and of sessions that do not count among them, which is said. */
export function answersTable({ protocol, settings, sessions }: StudyResults, incomplete: boolean): string {
  const questions = protocol.questions.map(({ name }) => name);
  const values = Object.keys(protocol.values).filter((name) => !questions.includes(name));
  const heads = [
    ...['participant', 'trial', 'practice', 'counted', 'made', 'real', 'places', ...questions, ...values],
    ...['exposed_ms', 'thought_ms', 'shown', 'at'],
  ];
  const rows = sessions.flatMap((session) =>
    session.answers.map((each): Cell[] => {
      const measured = protocol.measure(each.answer);
      const counted = !each.practice && (incomplete || isFinished(session, settings));
      return [
        ...[each.participant, each.trial + 1, each.practice, counted, each.made, each.real, each.places.join(' ')],
        ...questions.map((name) => each.answer[name]!),
        ...values.map((name) => measured[name]!),
        ...[each.exposed, each.thought, each.shown, each.at],
      ];
    }),
  );
  return table([heads, ...rows]);
}

const OVER = ['trials', 'participants'] as const;

/** A table with two rows for each value: over all trials, and over the means of the participants. */
export function summaryTable({ values }: HumanScore): string {
  return table([
    ['value', 'over', 'count', 'mean', 'deviation', 'interval_low', 'interval_high'],
    ...values.flatMap((value) =>
      OVER.map((over): Cell[] => {
        const { count, mean, deviation, interval } = value[over];
        return [value.name, over, count, mean, deviation, ...interval];
      }),
    ),
  ]);
}

/** The results, as programs read them. */
function numbersOf({ protocol, joined, finished, counted, incomplete, values }: HumanScore, settings: StudySettings): string {
  const { practice, trials, exposure, unpaired, source } = settings;
  const told = ({ count, mean, deviation, interval }: Summary): object => ({ count, mean, deviation, interval });
  return `${formatJson({
    ...{ protocol, source, practice, trials, exposure, unpaired, sessions: { begun: joined, finished, counted, unfinished: incomplete } },
    values: Object.fromEntries(
      values.map((value) => [
        value.name,
        {
          ...{ label: value.label, unit: value.unit ?? null, trials: told(value.trials), participants: told(value.participants) },
          ...(value.chance !== undefined && { chance: value.chance * (value.factor ?? 1), byChance: value.byChance }),
        },
      ]),
    ),
  })}\n`;
}

/** Writes the tables of a study into its folder, and prints the results. @throws WRITE_FAILED */
export async function tellResults(folder: string, study: StudyResults, options: ResultOptions): Promise<void> {
  const { protocol, settings, sessions } = study;
  const { incomplete, seed, json, csv } = options;
  const score = scoreSessions(protocol, sessions, { ...settings, incomplete, seed });
  const answers = answersTable(study, incomplete);
  await writeFileAtomic(join(folder, 'answers.csv'), answers);
  await writeFileAtomic(join(folder, 'summary.csv'), summaryTable(score));
  if (csv !== undefined) await writeFileAtomic(csv, answers);
  const unfinished = score.incomplete.map(({ participant, answered }) => `${participant} (${answered} of ${settings.trials})`);
  if (unfinished.length > 0) {
    const fate = incomplete ? 'counted as far as they go' : 'left out; --incomplete counts them';
    remark(`not finished, and ${fate}: ${unfinished.length === 1 ? 'participant' : 'participants'} ${unfinished.join(', ')}`);
  }
  if (json) process.stdout.write(numbersOf(score, settings));
  else for (const line of linesOf(score)) console.log(printableText(line));
  remark(`every answer: ${printableName(join(folder, 'answers.csv'))}; the summary: ${printableName(join(folder, 'summary.csv'))}`);
}

function linesOf({ protocol, joined, finished, counted, values }: HumanScore): string[] {
  const number = (each: number): string => (Number.isNaN(each) ? '–' : formatNumber(each));
  const rows = values.flatMap(({ label, unit, ...value }) =>
    OVER.map((over): string[] => {
      const { count, mean, deviation, interval } = value[over];
      const title = unit === undefined ? label : `${label}, ${unit}`;
      const range = Number.isNaN(interval[0]) ? '–' : interval.map(number).join(' to ');
      return [title, `${count} ${count === 1 ? over.slice(0, -1) : over}`, number(mean), number(deviation), range];
    }),
  );
  const all = [['', 'over', 'mean', 'deviation', '95% interval'], ...rows];
  const widths = all[0]!.map((_, at) => Math.max(...all.map((row) => row[at]!.length)));
  const line = (row: readonly string[]): string =>
    row
      .map((text, at) => (at < 2 ? text.padEnd(widths[at]!) : text.padStart(widths[at]!)))
      .join('  ')
      .trimEnd();
  return [
    `${protocol}: ${formatCountOf(joined, 'session')} begun, ${finished} finished, ${counted} counted`,
    ...all.map(line),
    ...values.flatMap(chanceLine),
  ];
}

/** What is said of a value that guessing has a share of. */
export function chanceLine({ label, unit = '', chance, factor = 1, byChance }: HumanScore['values'][number]): string[] {
  if (chance === undefined || byChance === undefined || Number.isNaN(byChance)) return [];
  const p = byChance < 0.001 ? 'p < 0.001' : `p = ${formatNumber(byChance, 2)}`;
  return [
    `${label}: ${chance * factor}${unit} by guessing; as far from it by chance with ${p} (exact binomial test over all trials, two-sided)`,
  ];
}
