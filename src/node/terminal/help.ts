import { placeholderOf, type Flag, type Program } from './flags.js';
import { asCalled } from './program-call.js';

/** Below this the description column would be too narrow to read, so descriptions go under their flags. */
const NARROWEST_DESCRIPTION = 30;
const WIDEST_NAME_COLUMN = 34;

/**
 * Formats the text of `--help`, made from the table of flags: aligned and wrapped.
 *
 * @param width columns; by default those of the terminal (at most 100), or 80
 */
export function formatHelp(table: Program, width = Math.min(process.stdout.columns || 80, 100)): string {
  const program = {
    ...table,
    usage: asCalled(table.usage),
    examples: table.examples?.map(({ command, description }) => ({ command: asCalled(command), description })),
  };
  const entries = [
    ...program.flags.map((flag) => ({ left: nameOf(flag), right: descriptionOf(flag) })),
    { left: '--help', right: 'print this and stop' },
  ];
  const fitting = entries.map(({ left }) => left.length).filter((length) => length <= WIDEST_NAME_COLUMN);
  const column = Math.max(...fitting) + 4;
  const aside = width - column >= NARROWEST_DESCRIPTION;

  const lines = [`Usage: ${program.usage}`, '', ...wrap(program.summary, width), '', 'Flags:'];
  for (const { left, right } of entries) {
    const indent = aside ? column : 6;
    const wrapped = wrap(right, Math.max(width - indent, 20));
    const besideName = aside && left.length + 4 <= column;
    if (!besideName) lines.push(`  ${left}`);
    wrapped.forEach((text, index) => {
      lines.push(besideName && index === 0 ? `  ${left}`.padEnd(indent) + text : ' '.repeat(indent) + text);
    });
  }
  if (program.examples !== undefined && program.examples.length > 0) {
    lines.push('', 'Examples:');
    program.examples.forEach(({ command, description }, index) => {
      if (index > 0) lines.push('');
      lines.push(...wrap(description, width - 2).map((text) => `  ${text}`), `    ${command}`);
    });
  }
  return lines.join('\n') + '\n';
}

function nameOf(flag: Flag): string {
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
