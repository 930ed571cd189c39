import { bareValue, placeholderOf, type Flag, type Program } from './flags.js';
import { asCalled } from './program-call.js';

/** Below this the description column would be too narrow to read, so descriptions go under their flags. */
const NARROWEST_DESCRIPTION = 30;
const WIDEST_NAME_COLUMN = 34;

interface Entry {
  readonly left: string;
  readonly right: string;
}

/**
 * Formats the text of `--help`, made from the table of flags: by groups, aligned and wrapped.
 *
 * @param width columns; by default those of the terminal (at most 100), or 80
 */
export function formatHelp(table: Program, width = Math.min(process.stdout.columns || 80, 100)): string {
  const sections = sectionsOf(table);
  const fitting = [...sections.values()].flatMap((entries) => entries.map(({ left }) => left.length));
  const column = Math.max(...fitting.filter((length) => length <= WIDEST_NAME_COLUMN)) + 4;
  const lines = [`Usage: ${asCalled(table.usage)}`, '', ...wrap(table.summary, width)];
  for (const [title, entries] of sections) {
    lines.push('', `${title}:`, ...entries.flatMap((entry) => entryLines(entry, column, width)));
  }
  if (table.examples !== undefined && table.examples.length > 0) {
    lines.push('', 'Examples:');
    table.examples.forEach(({ command, description }, index) => {
      if (index > 0) lines.push('');
      lines.push(...wrap(description, width - 2).map((text) => `  ${text}`), `    ${asCalled(command)}`);
    });
  }
  return lines.join('\n') + '\n';
}

/** What the help lists under each heading: groups in the order in which the table first names them, then the flags of none. */
function sectionsOf({ commands = [], flags }: Program): Map<string, Entry[]> {
  const sections = new Map<string, Entry[]>();
  if (commands.length > 0)
    sections.set(
      'Commands',
      commands.map(({ name, description }) => ({ left: name, right: description })),
    );
  const groups = groupsOf(flags);
  const rest = groups.get(undefined) ?? [];
  for (const [group, members] of groups) if (group !== undefined) sections.set(group, members.map(entryOf));
  const title = rest.length < flags.length ? 'Other flags' : 'Flags';
  return sections.set(title, [...rest.map(entryOf), { left: '--help', right: 'print this and stop' }]);
}

/** The flags of a table by their groups, in the order in which the table first names them. */
export function groupsOf(flags: readonly Flag[]): Map<string | undefined, Flag[]> {
  const groups = new Map<string | undefined, Flag[]>();
  for (const flag of flags) groups.set(flag.group, [...(groups.get(flag.group) ?? []), flag]);
  return groups;
}

function entryOf(flag: Flag): Entry {
  return { left: nameOf(flag), right: descriptionOf(flag) };
}

/** An entry in two columns, or its right under its left where that is too wide, or the terminal too narrow. */
function entryLines({ left, right }: Entry, column: number, width: number): string[] {
  const aside = width - column >= NARROWEST_DESCRIPTION;
  const indent = aside ? column : 6;
  const [first = '', ...more] = wrap(right, Math.max(width - indent, 20)).map((text) => ' '.repeat(indent) + text);
  const beside = aside && left.length + 4 <= column;
  return beside ? [`  ${left}`.padEnd(indent) + first.slice(indent), ...more] : [`  ${left}`, first, ...more];
}

/** A flag as the help shows it: `--size N`, or `--no-dropout` for what is there unless it is left out. */
export function nameOf(flag: Flag): string {
  if (bareValue(flag) !== undefined) return `--${flag.name} [${placeholderOf(flag)}]`;
  if (flag.type !== 'boolean') return `--${flag.name} ${placeholderOf(flag)}`;
  return flag.default === true ? `--no-${flag.name}` : `--${flag.name}`;
}

function descriptionOf(flag: Flag): string {
  const notes: string[] = [];
  if (flag.type === 'choice' && flag.placeholder !== undefined) notes.push(flag.choices.join(', '));
  if ((flag.type === 'number' || flag.type === 'integer') && (flag.min !== undefined || flag.max !== undefined)) {
    if (flag.min !== undefined && flag.max !== undefined) notes.push(`${flag.min} to ${flag.max}`);
    else notes.push(flag.min !== undefined ? `at least ${flag.min}` : `at most ${flag.max}`);
  }
  if (flag.type !== 'boolean' && flag.type !== 'list' && flag.default !== undefined) notes.push(`default ${flag.default}`);
  return notes.length === 0 ? flag.description : `${flag.description} (${notes.join('; ')})`;
}

/** Breaks text at spaces into lines of at most `width` columns; a longer word keeps a line to itself. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
