/** A key that an object of a JSON text has more than once. */
export interface RepeatedKey {
  readonly key: string;
  /** The lines, counted from 1, on which it stands first and again. */
  readonly lines: readonly [first: number, again: number];
}

/** What a JSON text is made of where only its keys matter: texts, and the signs that open, close and divide. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:\n]/gs;

/**
 * The first key that an object has twice; undefined where there is none. JSON.parse() takes the last of the two without a word.
 *
 * @param text that JSON.parse() takes
 */
export function repeatedKey(text: string): RepeatedKey | undefined {
  /** Of each object that is open, the lines of its keys; of each array, nothing. */
  const open: (Map<string, number> | null)[] = [];
  let line = 1;
  let before = '';
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === '\n') {
      line++;
      continue;
    }
    if (token === '{') open.push(new Map());
    else if (token === '[') open.push(null);
    else if (token === '}' || token === ']') open.pop();
    const keys = open.at(-1);
    if (token.startsWith('"') && keys && (before === '{' || before === ',')) {
      const key = JSON.parse(token) as string;
      const first = keys.get(key);
      if (first !== undefined) return { key, lines: [first, line] };
      keys.set(key, line);
    }
    before = token;
  }
  return undefined;
}
