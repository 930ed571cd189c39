/** Names come out of files and folders: nothing in them may move a terminal's cursor, break a line or turn its direction. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;
const UNPRINTABLES = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
const LONGEST_QUOTE = 60;

/** An untrusted name for a message: in quotes, short, and without what a terminal might take for a command or another line. */
export function quoteName(name: string): string {
  const text = JSON.stringify(name).replace(UNPRINTABLES, '?');
  return text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE - 3)}...` : text;
}

/** A file's name or path as it is; in quotes, with escapes that say which, where it has characters that cannot be printed. */
export function printableName(name: string): string {
  if (!UNPRINTABLE.test(name)) return name;
  return JSON.stringify(name).replace(UNPRINTABLES, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
}

/** A text for a terminal, with escapes for what it might take for a command; ends of lines and tabs stay. */
export function printableText(text: string): string {
  const escaped = (character: string): string => `\\u{${character.codePointAt(0)!.toString(16)}}`;
  return text.replace(UNPRINTABLES, (character) => (/[\n\t]/.test(character) ? character : escaped(character)));
}
