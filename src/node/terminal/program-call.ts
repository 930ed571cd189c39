import { existsSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { UNPRINTABLES } from '../../formats/names.js';

/** The programs that also have an example in the repository. */
const EXAMPLES: Readonly<Record<string, string>> = { train: 'train-facades.js', translate: 'translate.js' };
/** The commands that texts name. */
const NAMED = [
  ...['inspect', 'convert', 'translate', 'generate', 'train', 'prepare', 'test', 'evaluate', 'experiment', 'publish'],
  ...['tune', 'bench', 'doctor'],
];
/** Their calls as texts have them, for whoever has the package. */
const NAMED_CALL = new RegExp(`(?<![\\w/-])npx shadegrad\\b(?: (${NAMED.join('|')})\\b)?`, 'g');
const SAFE_IN_SHELLS = /^[\w./:=@%+,-]+$/;

/** A word as a shell takes it for itself; bash, zsh and ksh know the form for what cannot be printed. */
export function quoted(text: string): string {
  if (SAFE_IN_SHELLS.test(text)) return text;
  if (text.search(UNPRINTABLES) < 0) return `'${text.replaceAll("'", "'\\''")}'`;
  const hex = (byte: number): string => `\\x${byte.toString(16).padStart(2, '0')}`;
  const escaped = (character: string): string => [...new TextEncoder().encode(character)].map(hex).join('');
  return `$'${text.replace(/[\\']/g, '\\$&').replace(UNPRINTABLES, escaped)}'`;
}

/**
 * How the user calls a program in the way this process was started: `node` and the path of the example or of
 * bin/shadegrad.js, or the command that npm has put into the search path. `npx shadegrad` is that of an installed package.
 *
 * @param command such as `train`; none for the program of all commands
 * @param running the file of the running program
 */
export function programCall(command = '', running = process.argv[1] ?? ''): string {
  const file = resolve(running);
  const folder = dirname(file);
  const root = dirname(folder);
  const isOurs = existsSync(join(root, 'bin', 'shadegrad.js')) && existsSync(join(root, 'examples', EXAMPLES.train!));
  const arguments_ = command === '' ? '' : ` ${command}`;
  const isExample = basename(folder) === 'examples' && isOurs;
  const example = isExample ? EXAMPLES[command] : undefined;
  if (example !== undefined) return `node ${shown(join(folder, example))}`;
  const installed = file.split(sep).includes('node_modules');
  if (isOurs && (!installed || isExample)) return `node ${shown(join(root, 'bin', 'shadegrad.js'))}${arguments_}`;
  // A global package's link, as /usr/local/bin/shadegrad, is found by its name.
  if (!installed && basename(file) === 'shadegrad') return `shadegrad${arguments_}`;
  return `npx shadegrad${arguments_}`;
}

/** A path from the current folder, where it lies in there; else the whole path. */
function shown(path: string): string {
  const near = relative('', path);
  return quoted(near.startsWith('..') || isAbsolute(near) ? path : near);
}

/** A text in which `npx shadegrad COMMAND` is what the user of this process calls. */
export function asCalled(text: string, running?: string): string {
  return text.replaceAll(NAMED_CALL, (_call, command?: string) => programCall(command, running));
}
