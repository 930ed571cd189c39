import type { ComponentType } from 'preact';

/** What a page is given: what stands behind its name in the address. */
export interface PageProps {
  readonly query: URLSearchParams;
}

/** A page of the app: a row here and a folder beside this file. */
export interface PageRow {
  /** Its name in the address: `#/draw`. */
  readonly path: string;
  /** Its name in the navigation, and the heading of its tab in the browser. */
  readonly title: string;
  /** Loads its program when it is first opened. */
  load(): Promise<{ readonly default: ComponentType<PageProps> }>;
}

/** Every page, in the order of the navigation; the first one is shown where the address names none. */
export const PAGES: readonly PageRow[] = [
  { path: 'draw', title: 'Draw', load: () => import('./draw/page.js') },
  { path: 'camera', title: 'Camera', load: () => import('./camera/page.js') },
  { path: 'train', title: 'Train', load: () => import('./train/page.js') },
  { path: 'lab', title: 'Lab', load: () => import('./lab/page.js') },
  { path: 'learn', title: 'Learn', load: () => import('./learn/page.js') },
];
