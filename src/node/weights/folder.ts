import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { NetworkRole } from '../../models/kind.js';
import { printableName } from '../../formats/names.js';
import { ShadegradError } from '../../errors.js';
import { remark } from '../terminal/remarks.js';

/** Files listed in one message. */
const NAMED_FILES = 5;
/** Endings of files that hold weights by themselves. */
const WEIGHTS = /\.(?:safetensors|pth|pt|ckpt|pict)$/i;
/** One file of several; their index stands for all of them. */
const SHARD = /-\d{5}-of-\d{5}\.safetensors$/i;

/** Whether a name has an ending of weights, whatever is there by that name. */
export const isNameOfWeights = (path: string): boolean => WEIGHTS.test(path);

/** Names that tell which of a folder's files is meant, the most telling first. */
function telling(role: NetworkRole, called?: string): ((names: readonly string[]) => readonly string[])[] {
  const letter = role === 'generator' ? 'G' : 'D';
  // Of a folder with one network of a kind, that is meant.
  const letters = called === undefined || called === letter ? [letter] : [called, letter];
  const named = (pattern: RegExp) => (names: readonly string[]) => names.filter((name) => pattern.test(name));
  return [
    named(/^checkpoint\.safetensors$/),
    named(/^model\.json$/),
    named(/\.safetensors\.index\.json$/i),
    ...letters.flatMap((name) => [
      named(new RegExp(`^latest_net_${name}\\.pth$`)),
      (names: readonly string[]) => newest(names, new RegExp(`^(\\d+)_net_${name}\\.pth$`)),
      // PyTorch's DCGAN example.
      (names: readonly string[]) => newest(names, new RegExp(`^net${name}_epoch_(\\d+)\\.pth$`)),
    ]),
    // StarGAN's program.
    (names) => newest(names, new RegExp(`^(\\d+)-${letter}\\.ckpt$`)),
    // What shadegrad publish writes of a run with several generators.
    ...letters.map((name) => named(new RegExp(`^net_${name}\\.safetensors$`))),
    // CycleGAN has two of each kind, and only its user knows which one is meant.
    named(new RegExp(`^(latest_)?net_${letter}_[AB]\\.(pth|safetensors)$`)),
    (names) => names.filter((name) => WEIGHTS.test(name) && !SHARD.test(name)),
  ];
}

/** Of files such as 195_net_G.pth and 200_net_G.pth, the last. @param pattern whose group is the number to compare */
function newest(names: readonly string[], pattern: RegExp): string[] {
  const numbered = names.flatMap((name) => {
    const number = pattern.exec(name)?.[1];
    return number === undefined ? [] : [{ name, number: Number(number) }];
  });
  return numbered
    .sort((a, b) => b.number - a.number)
    .slice(0, 1)
    .map(({ name }) => name);
}

/**
 * The file of weights that a path stands for: itself, or of a folder the checkpoint of a training run, a TensorFlow.js
 * model, what the PyTorch reference keeps in a run's folder (latest_net_G.pth), or else its only file of weights.
 *
 * @param role which network's file is meant where each has its own
 * @param called what PyTorch's program calls the network, where there are several of a role
 * @throws DATA_NOT_FOUND when a folder has none, WEIGHTS_MISMATCH when nothing says which of several is meant
 */
export async function weightsPath(path: string, role: NetworkRole, called?: string): Promise<string> {
  const isFolder = await stat(path).then(
    (kind) => kind.isDirectory(),
    () => false,
  );
  if (!isFolder) return path;
  const entries = await readdir(path, { withFileTypes: true }).catch((cause: NodeJS.ErrnoException) => {
    throw new ShadegradError('DATA_UNREADABLE', `Could not read the folder ${path}`, {
      received: `${cause.code ?? String(cause)} from the file system`,
      fix: 'check its permissions, or name the file of weights itself',
      cause,
    });
  });
  const namesOf = (folders: boolean): string[] => entries.flatMap((entry) => (entry.isDirectory() === folders ? [entry.name] : [])).sort();
  const within = (name: string): string => join(path, name);
  return within(chooseFile({ title: path, names: namesOf(false), folders: namesOf(true), within }, role, called));
}

/** What a folder holds, wherever it is. */
export interface ListedFolder {
  /** What errors call it. */
  readonly title: string;
  /** Of its files. */
  readonly names: readonly string[];
  /** Of the folders in it, where they are known. */
  readonly folders?: readonly string[];
  /** How its user names what is in it. */
  within(name: string): string;
}

/** Which file of a folder is meant, as weightsPath() chooses. @throws DATA_NOT_FOUND, WEIGHTS_MISMATCH */
export function chooseFile({ title, names, folders = [], within }: ListedFolder, role: NetworkRole, called?: string): string {
  for (const find of telling(role, called)) {
    const found = find(names);
    if (found.length === 1) return found[0]!;
    if (found.length > 1) {
      throw new ShadegradError('WEIGHTS_MISMATCH', `${title} holds several files of weights`, {
        expected: 'one, or one with a telling name: checkpoint.safetensors, model.json, latest_net_G.pth',
        received: list(found),
        fix: `name one of them: ${within(found[0]!)}`,
      });
    }
  }
  throw new ShadegradError('DATA_NOT_FOUND', `There is no file of weights in the folder ${title}`, {
    expected: 'the checkpoint.safetensors of a run, a model.json, a latest_net_G.pth, or another .safetensors, .pth or .pict',
    received: names.length + folders.length === 0 ? 'nothing' : list([...names, ...folders.map((name) => `${name}/`)]),
    fix: `name the file of weights, or the folder it is in${folders.length > 0 ? `: ${within(folders[0]!)}` : ''}`,
  });
}

/** The name of the file of another network of the same moment, such as latest_net_D_A.pth for latest_net_G_A.pth; undefined for others. */
export function nameBeside(name: string, called: string, other: string): string | undefined {
  const beside = name.replace(new RegExp(`(^|_)net(_?)${called}(?=[._])`), `$1net$2${other}`);
  return beside === name ? undefined : beside;
}

/** Whether a file's name says that it holds one network, which PyTorch's program calls so. */
export const isFileOf = (called: string, name: string): boolean => new RegExp(`(^|_)net_?${called}[._]`).test(name);

/** Tells whoever named a folder which of its files was taken. */
export function sayChosen(named: string, { path }: { readonly path: string }): void {
  const name = basename(path);
  // An address of a file says it by itself.
  if (path !== named && !named.split('#')[0]!.endsWith(`/${name}`)) remark(`${printableName(named)}: taking its ${printableName(name)}`);
}

/** Names out of a folder on one line of a terminal. */
function list(names: readonly string[]): string {
  const shown = names.slice(0, NAMED_FILES).map((name) => printableName(name));
  return shown.join(', ') + (names.length > NAMED_FILES ? ` and ${names.length - NAMED_FILES} more` : '');
}
