import { escapeHtml, wayTo } from './html.js';

/**
 * What every page of the site may load: its own files and nothing else. Pictures and films that the app has made itself are blobs. The only
 * thing that `<meta>` cannot say is who may put the page in a frame.
 */
export const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "media-src 'self' blob:",
  "connect-src 'self' blob: data:",
  "worker-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** The head that all pages of the site have, the app's, too. */
export const headOf = (path) => `<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="referrer" content="no-referrer">
<link rel="manifest" href="${wayTo(path, 'manifest.webmanifest')}">
<link rel="apple-touch-icon" href="${wayTo(path, 'icon-192.png')}">
<script type="module" src="${wayTo(path, 'visit.js')}"></script>`;

/**
 * A page of the documentation.
 *
 * @param {object} page
 * @param {string} page.path its file, relative to the site's root
 * @param {string} page.title
 * @param {string} page.body the HTML of its own
 * @param {string} [page.current] what of the navigation it is, where that is another page
 * @param {{ level: number, id: string, text: string }[]} [page.headings]
 * @param {{ pages: { path: string, title: string }[], groups: { title: string, pages: { path: string, title: string }[] }[] }} roof
 *   the app's pages, and those of the documentation in their groups
 */
export function docsPage({ path, title, body, current = path, headings = [] }, { pages, groups }) {
  const link = (to, text, more = '', place = '') => `<a href="${escapeHtml(wayTo(path, to) + place)}"${more}>${escapeHtml(text)}</a>`;
  const here = headings.filter(({ level }) => level === 2);
  const below = (to) =>
    to !== path || here.length === 0 ? '' : list(here.map(({ id, text }) => `<a href="#${id}">${escapeHtml(text)}</a>`));
  const list = (items) => `<ul>${items.map((each) => `<li>${each}</li>`).join('')}</ul>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<meta name="color-scheme" content="light dark">
<meta name="description" content="${escapeHtml(title)}: the documentation of shadegrad.">
<title>${escapeHtml(title)} · shadegrad</title>
${headOf(path)}
<link rel="icon" href="${wayTo(path, 'icon.svg')}">
<link rel="stylesheet" href="${wayTo(path, 'main.css')}">
<link rel="stylesheet" href="${wayTo(path, 'docs/docs.css')}">
<script type="module" src="${wayTo(path, 'docs/docs.js')}"></script>
</head>
<body>
<a class="skip" href="#main">Skip to the page</a>
<header class="bar">
${link('index.html', 'shadegrad', ' class="brand"')}
<nav aria-label="Pages">
${pages.map((each) => link('index.html', each.title, '', `#/${each.path}`)).join('\n')}
${link('docs/index.html', 'Docs', ' aria-current="page"')}
</nav>
<div class="search" role="search">
<input type="search" id="search" placeholder="Search the documentation" aria-label="Search the documentation" autocomplete="off"
 autocapitalize="off" spellcheck="false" maxlength="80"
 role="combobox" aria-expanded="false" aria-controls="found" aria-autocomplete="list">
<kbd aria-hidden="true">/</kbd>
<div id="found" role="listbox" aria-label="What was found" hidden></div>
<p id="found-said" class="unseen" role="status"></p>
</div>
<a class="to-contents" href="#contents">Contents</a>
</header>
<div class="docs">
<main id="main" tabindex="-1"><article class="prose">
${body}
</article></main>
<nav id="contents" aria-label="Documentation" tabindex="-1">
${groups
  .map(
    (group) => `<h2>${escapeHtml(group.title)}</h2>
${list(group.pages.map((each) => link(each.path, each.title, each.path === current ? ' aria-current="page"' : '') + below(each.path)))}`,
  )
  .join('\n')}
</nav>
</div>
</body>
</html>
`;
}
