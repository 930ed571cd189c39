import { readFile } from 'node:fs/promises';

/** White space and comments of WGSL (block comments nest, which is followed by hand), then its tokens, the longest first. */
const SPACE = /\s+|\/\/[^\n]*|\/\*/y;
const TOKEN = new RegExp(
  [
    // Numbers: hexadecimal ones, then decimal ones with or without a point.
    /0[xX](?:[\da-fA-F]+\.?[\da-fA-F]*|\.[\da-fA-F]+)(?:[pP][+-]?\d+)?[fhiu]?/,
    /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[fhiu]?/,
    /[\p{XID_Start}_]\p{XID_Continue}*/u,
    /<<=|>>=|->|[-+*/%&|^<>=!]=|&&|\|\||<<|>>|\+\+|--|[-+*/%&|^<>=!~.,;:@(){}[\]]/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'uy',
);

/** Where a nested block comment that begins at `start` ends. */
function endOfComment(text, start) {
  const mark = /\/\*|\*\//g;
  mark.lastIndex = start;
  let depth = 0;
  for (let found = mark.exec(text); found; found = mark.exec(text)) {
    depth += found[0] === '/*' ? 1 : -1;
    if (depth === 0) return mark.lastIndex;
  }
  throw new Error('a comment of a shader has no end');
}

/**
 * The tokens of a WGSL text, without white space and comments.
 *
 * @param {string} text
 * @returns {{ token: string, ends: boolean }[]} each with whether its line ends behind it
 */
export function wgslTokens(text) {
  const tokens = [];
  let at = 0;
  while (at < text.length) {
    SPACE.lastIndex = at;
    const space = SPACE.exec(text)?.[0];
    if (space !== undefined) {
      const end = space === '/*' ? endOfComment(text, at) : at + space.length;
      if (tokens.length > 0 && text.slice(at, end).includes('\n')) tokens.at(-1).ends = true;
      at = end;
      continue;
    }
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(text)?.[0];
    if (token === undefined)
      throw new Error(`a shader has a character that WGSL does not know: ${JSON.stringify(text.slice(at, at + 20))}`);
    tokens.push({ token, ends: false });
    at += token.length;
  }
  return tokens;
}

/** Whether two tokens without a space between them would be read as something else. */
function wouldJoin(left, right) {
  const together = left + right;
  if (/^\/[/*]/.test(together)) return true;
  TOKEN.lastIndex = 0;
  return TOKEN.exec(together)?.[0] !== left;
}

/**
 * A WGSL text with the same tokens, without comments and without the white space that nothing needs. Statements stay on the lines that
 * they are on, so that a compiler's message still shows a line that can be read.
 *
 * @param {string} text
 */
export function minifyWgsl(text) {
  let result = '';
  let last = null;
  for (const each of wgslTokens(text)) {
    if (last?.ends && /[;{}]/.test(last.token)) result += '\n';
    else if (last && wouldJoin(last.token, each.token)) result += ' ';
    result += each.token;
    last = each;
  }
  return result;
}

/** For esbuild: shaders go into dist/ without what only their readers need. */
export const minifiedShaders = {
  name: 'minified-shaders',
  setup({ onLoad }) {
    onLoad({ filter: /\.wgsl$/ }, async ({ path }) => ({ contents: minifyWgsl(await readFile(path, 'utf8')), loader: 'text' }));
  },
};
