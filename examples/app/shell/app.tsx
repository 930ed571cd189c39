import { signal, useSignalEffect } from '@preact/signals';
import type { ComponentType, VNode } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { PAGES, type PageProps, type PageRow } from '../pages/registry.js';
import { explain, report } from '../common/notices.js';
import { Notices } from './notices-view.js';
import { hrefOf, route } from './route.js';

/** Programs of pages that have been loaded, by path. */
const loaded = signal<ReadonlyMap<string, ComponentType<PageProps>>>(new Map());

function load({ path, title, load: loadPage }: PageRow): void {
  if (loaded.peek().has(path)) return;
  loadPage().then(
    ({ default: page }) => (loaded.value = new Map(loaded.value).set(path, page)),
    (error: unknown) =>
      report({
        ...explain(error),
        title: `${title} could not be loaded`,
        action: { label: 'Load the page again', run: () => location.reload() },
      }),
  );
}

/** The whole app: navigation, what went wrong, and the page of the address. */
export function App(): VNode {
  useSignalEffect(() => {
    const { page } = route.value;
    document.title = `${page.title} · shadegrad`;
    load(page);
  });
  const { page, query } = route.value;
  const Page = loaded.value.get(page.path);
  const nav = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    const row = nav.current!;
    const link = row.querySelector<HTMLElement>('[aria-current="page"]')!;
    // On a phone the row scrolls: the page's name is to be seen in its middle.
    row.scrollLeft = link.offsetLeft - (row.clientWidth - link.offsetWidth) / 2;
  }, [page]);
  return (
    <>
      <button type="button" class="skip" onClick={() => document.getElementById('main')?.focus()}>
        Skip to the page
      </button>
      <header class="bar">
        <a class="brand" href={hrefOf(PAGES[0]!.path)}>
          shadegrad
        </a>
        <nav ref={nav} aria-label="Pages">
          {PAGES.map(({ path, title }) => (
            <a key={path} href={hrefOf(path)} aria-current={path === page.path ? 'page' : undefined}>
              {title}
            </a>
          ))}
          <a href="docs/index.html">Docs</a>
        </nav>
      </header>
      <Notices />
      <main id="main" tabIndex={-1}>
        {Page ? <Page key={page.path} query={query} /> : <p class="quiet">Loading {page.title}.</p>}
      </main>
    </>
  );
}
