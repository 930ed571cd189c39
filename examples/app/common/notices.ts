import { signal } from '@preact/signals';
import type { ShadegradError } from 'shadegrad';

/** Something to tell the person at the page. */
export interface Notice {
  /** Notices of one id replace one another: what is said again stands once. Default: its title. */
  readonly id?: string;
  /** 'problem' where something did not work, 'hint' where it went on in another way. */
  readonly kind: 'problem' | 'hint';
  /** What happened, in a few words without jargon. */
  readonly title: string;
  /** Why, in a sentence. */
  readonly text?: string;
  /** What to do. */
  readonly fix?: string;
  /** What the page can do about it itself. */
  readonly action?: { readonly label: string; run(): void };
  /** The program's own words, for whoever reports it. */
  readonly details?: string;
}

/** What is being told now. */
export const notices = signal<readonly (Notice & { readonly id: string })[]>([]);

/** Tells something, in place of what was told under the same id. */
export function report(notice: Notice): void {
  const id = notice.id ?? notice.title;
  notices.value = [...notices.value.filter((other) => other.id !== id), { ...notice, id }];
}

/** Takes back what was told under an id. */
export function dismiss(id: string): void {
  if (notices.peek().some((notice) => notice.id === id)) notices.value = notices.value.filter((notice) => notice.id !== id);
}

interface Words {
  readonly title: string;
  readonly text?: string;
  readonly fix?: string;
}

/** What the library's errors mean to somebody at a page, by their codes; others are told in the error's own words. */
const WORDS: Readonly<Record<string, Words>> = {
  NO_ADAPTER: {
    title: 'This browser offers no WebGPU',
    text: 'Networks run on the graphics processor through WebGPU, which is missing here or turned off.',
    fix:
      'Use a recent Chrome, Edge, Safari 26 or Firefox; on Linux, turn WebGPU on in the browser’s settings. Pages need ' +
      'https or localhost.',
  },
  DEVICE_LOST: {
    title: 'The graphics processor went away',
    text: 'The driver was reset, or the browser took it from this page, as it does with sleeping tabs.',
    fix: 'Go on: the page opens it again. If it happens often, choose a smaller model or close other tabs.',
  },
  OUT_OF_MEMORY: {
    title: 'Not enough memory on the graphics processor',
    fix: 'Choose a smaller model or size, and close other tabs that use the graphics processor.',
  },
  LIMIT_EXCEEDED: { title: 'Too large for this graphics processor', fix: 'Choose a smaller size or model.' },
  DIVERGED: {
    title: 'The numbers of this network have gone astray',
    fix: 'Take an earlier checkpoint, or train with a smaller learning rate.',
  },
  DOWNLOAD_FAILED: { title: 'A file could not be loaded', fix: 'Check the connection and try again.' },
};

/** Errors of the browser's own, by their names. */
const BROWSER_WORDS: Readonly<Record<string, Words>> = {
  QuotaExceededError: {
    title: 'The browser’s storage for this site is full',
    fix: 'Delete runs or models that you no longer need, or make room on the disk. What was saved before is still there.',
  },
  NotAllowedError: {
    title: 'The browser did not allow it',
    fix: 'Allow it in the site’s settings (the sign beside the address), and try again.',
  },
  NotFoundError: { title: 'What was asked for is not there', fix: 'Connect the device or choose the file again.' },
  NotReadableError: {
    title: 'It cannot be read',
    fix: 'Another program may be using it, or the file was moved: close that program, or choose it again.',
  },
};

/** Makes words for a person of anything that was thrown. */
export function explain(error: unknown): Notice {
  if (isOfLibrary(error)) {
    const words = WORDS[error.code];
    const { what, expected, received, fix } = error;
    // What is wrong with several files is a list, a line each.
    const [title = what, ...list] = what.split('\n');
    const found = [expected && `expected: ${expected}`, received && `received: ${received}`].filter(Boolean).join('; ');
    const text = [...list.map((line) => line.trim()), found].filter((line) => line !== '').join('\n');
    if (!words) return { kind: 'problem', title: sentence(title), text, ...(fix && { fix: sentence(fix) }) };
    return { kind: 'problem', ...words, details: error.message };
  }
  const name = error instanceof Error ? error.name : '';
  const words = BROWSER_WORDS[name];
  const said = error instanceof Error ? error.message : String(error);
  if (words) return { kind: 'problem', ...words, details: said };
  return {
    kind: 'problem',
    title: 'Something unexpected happened',
    text: said,
    details: error instanceof Error ? (error.stack ?? said) : said,
  };
}

/** An error of the library, told by what it has: the library itself is loaded later than this, and once for each worker. */
function isOfLibrary(error: unknown): error is ShadegradError {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && 'what' in error;
}

/** Tells of anything that was thrown. */
export function reportError(error: unknown): void {
  report(explain(error));
}

/** A sentence begins with a capital letter, except where that would change the name of a file or a folder. */
const sentence = (text: string): string => (/^\S*[./]\w/.test(text) ? text : text.charAt(0).toUpperCase() + text.slice(1));
