import { computed, signal } from '@preact/signals';
import { PAGES, type PageRow } from '../pages/registry.js';

/** Where one is: the page, and what stands behind its name in the address, such as a drawing in a link. */
export interface Route {
  readonly page: PageRow;
  /** What follows `?` behind the page's name. */
  readonly query: URLSearchParams;
}

/** Reads an address' part behind `#`: `#/draw?model=facades`. An unknown name is the first page. */
export function parseRoute(hash: string): Route {
  const [, name = '', query = ''] = /^#?\/?([^?]*)\??(.*)$/s.exec(hash) ?? [];
  return { page: PAGES.find(({ path }) => path === name) ?? PAGES[0]!, query: new URLSearchParams(query) };
}

const hash = signal(typeof location === 'undefined' ? '' : location.hash);
if (typeof addEventListener === 'function') addEventListener('hashchange', () => (hash.value = location.hash));

/** Where one is now. */
export const route = computed(() => parseRoute(hash.value));

/** The address of a page, relative to the site's. */
export function hrefOf(path: string, query: Record<string, string> = {}): string {
  const rest = new URLSearchParams(query).toString();
  return `#/${path}${rest && `?${rest}`}`;
}

/** Takes another address in place of the one now, which the button for going back then skips. */
export function replaceRoute(path: string, query?: Record<string, string>): void {
  history.replaceState(null, '', hrefOf(path, query));
  // The browser tells nothing of it; and the same link may come again.
  hash.value = location.hash;
}

/** Goes to a page. */
export function goTo(path: string, query?: Record<string, string>): void {
  location.hash = hrefOf(path, query);
}
