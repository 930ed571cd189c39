import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Files that a pattern matches, and the folder that all of them lie in: what stands before its first wildcard, `{` being one, too. */
export interface Globbed {
  readonly base: string;
  readonly files: readonly string[];
}

const WILD = /[*?[{]/;

/** Whether a path has wildcards and is none of a file or folder that is there: a file may be called `[1].png`. */
export async function isGlob(path: string): Promise<boolean> {
  if (!WILD.test(path)) return false;
  return stat(path).then(
    () => false,
    () => true,
  );
}

/**
 * Finds the files that a pattern matches, as a shell would, in no order: `*` and `?` within a name, `[abc]`, `[!abc]`, `{jpg,png}`, and
 * `**` for folders at any depth, links to folders left out. Names that begin with a dot are matched by a pattern that does alone.
 */
export async function glob(pattern: string): Promise<Globbed> {
  const found = new Set<string>();
  const written = pattern.replaceAll('\\', process.platform === 'win32' ? '/' : '\\');
  for (const each of alternatives(written)) {
    const { base, rest } = startOf(each);
    await walk(base, rest, found);
  }
  return { base: startOf(written).base, files: [...found] };
}

/** The folder that a pattern starts from, and the parts after it: from its first wildcard on, or the name of a file. */
function startOf(pattern: string): { readonly base: string; readonly rest: readonly string[] } {
  const parts = pattern.split('/').filter((part, at) => part !== '' || at === 0);
  const first = parts.findIndex((part) => WILD.test(part));
  const fixed = first < 0 ? parts.slice(0, -1) : parts.slice(0, first);
  const base = pattern.startsWith('/') && fixed.length <= 1 ? '/' : fixed.join('/') || '.';
  return { base, rest: parts.slice(fixed.length) };
}

/** The patterns that `{a,b}` stands for. */
function alternatives(pattern: string): string[] {
  const [whole, inner] = /\{([^{}]*,[^{}]*)\}/.exec(pattern) ?? [];
  if (whole === undefined) return [pattern];
  return inner!.split(',').flatMap((part) => alternatives(pattern.replace(whole, () => part)));
}

async function walk(folder: string, parts: readonly string[], found: Set<string>): Promise<void> {
  const [part, ...rest] = parts;
  if (part === undefined) return;
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  if (part === '**') {
    await walk(folder, rest.length > 0 ? rest : ['*'], found);
    for (const entry of entries) if (entry.isDirectory() && !entry.name.startsWith('.')) await walk(join(folder, entry.name), parts, found);
    return;
  }
  const matches = expressionOf(part);
  for (const { name } of entries) {
    if (!matches.test(name) || (name.startsWith('.') && !part.startsWith('.'))) continue;
    const path = join(folder, name);
    const kind = await stat(path).catch(() => undefined);
    if (rest.length > 0) {
      if (kind?.isDirectory()) await walk(path, rest, found);
    } else if (kind?.isFile()) found.add(path);
  }
}

/** A name's pattern as a regular expression. */
function expressionOf(part: string): RegExp {
  const text = part.replace(/\[(!?)([^\]]+)\]|[.*+?^${}()|[\]\\]/g, (match, not: string | undefined, set: string | undefined) => {
    if (set !== undefined) return `[${not ? '^' : ''}${set.replace(/[\\\]^[]/g, '\\$&')}]`;
    return match === '*' ? '.*' : match === '?' ? '.' : `\\${match}`;
  });
  try {
    return new RegExp(`^${text}$`, 'su');
  } catch {
    // A range from back to front, such as [z-a], matches nothing.
    return /^(?!)/;
  }
}
