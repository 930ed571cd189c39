import { signal } from '@preact/signals';

/** A file of kernel tests that this copy of the site has. */
export interface TestRow {
  readonly name: string;
  /** Whether it belongs to the quick set. */
  readonly quick: boolean;
}

/** The parts of the Lab that are loaded when they are asked for: what there is, or why not. */
export type PartsState =
  | { readonly kind: 'loading' }
  | { readonly kind: 'there'; readonly tests: readonly TestRow[] }
  | { readonly kind: 'missing'; readonly why: string };

/** What there is to run. */
export const parts = signal<PartsState>({ kind: 'loading' });

/** Where a part lies, as the page says: in the site its name has the hash of what is in it. */
const addressOf = (file: string): string => document.querySelector<HTMLLinkElement>(`link[rel="lab-part"][title="${file}"]`)!.href;

/** Looks which tests this copy of the site has. */
export async function loadParts(): Promise<void> {
  if (parts.peek().kind === 'there') return;
  try {
    const response = await fetch(addressOf('tests.json'));
    if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
    const { tests } = (await response.json()) as { tests: readonly TestRow[] | null };
    parts.value = tests
      ? { kind: 'there', tests }
      : { kind: 'missing', why: 'This copy of the site was built without the tests and benchmarks.' };
  } catch (error) {
    parts.value = {
      kind: 'missing',
      why: `The list of tests could not be loaded (${String(error)}). Check the connection and open this page again.`,
    };
  }
}

/** Starts one of the Lab's workers. */
export function startWorker(file: 'tests.js' | 'benches.js'): Worker {
  return new Worker(addressOf(file), { type: 'module', name: `shadegrad ${file}` });
}
