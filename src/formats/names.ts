/**
 * What no text out of a file or folder may bring to a terminal: characters that move its cursor, break a line, turn its direction or
 * are no characters. The only such set but for the one of ShadegradError (`gpu/errors.ts`), which lets the line breaks of
 * its own messages through and imports nothing.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;
/** Each such character, for a text's `replace`. */
export const UNPRINTABLES = new RegExp(UNPRINTABLE, 'gu');
const LONGEST_QUOTE = 60;

const escaped = (character: string): string => `\\u{${character.codePointAt(0)!.toString(16)}}`;

/** A text of at most so many characters, the last three of a longer one replaced by dots. */
export function shortened(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 3)}...` : text;
}

/** A text from outside on one line of a terminal: what cannot be printed is written out, and a long text shortened. */
export function oneLine(text: string, most = Infinity): string {
  return shortened(shortened(text, most).replace(UNPRINTABLES, escaped), most);
}

/** An untrusted name for a message: in quotes, short, and without what a terminal might take for a command or another line. */
export function quoteName(name: string): string {
  return shortened(JSON.stringify(shortened(name, LONGEST_QUOTE)).replace(UNPRINTABLES, '?'), LONGEST_QUOTE);
}

/** A file's name or path as it is; in quotes, with escapes that say which, where it has characters that cannot be printed. */
export function printableName(name: string): string {
  return UNPRINTABLE.test(name) ? JSON.stringify(name).replace(UNPRINTABLES, escaped) : name;
}

/** A text for a terminal, with escapes for what it might take for a command; ends of lines and tabs stay. */
export function printableText(text: string): string {
  return text.replace(UNPRINTABLES, (character) => (/[\n\t]/.test(character) ? character : escaped(character)));
}
