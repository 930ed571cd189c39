import { existsSync, statSync } from 'node:fs';
import { copyFile, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import MiniSearch from 'minisearch';
import { GUIDES, LOOK_UP, pageOf, SHORT_TITLES } from './guides.js';
import { escapeHtml, textOf, wayTo } from './html.js';
import { renderMarkdown } from './markdown.js';
import { docsPage } from './page.js';
import { SEARCH_OPTIONS } from './search-options.js';

const REFERENCE = 'docs/reference';
/** How much of a page the search shows below its title. */
const ABOUT_LENGTH = 140;

/**
 * Writes the pages of the documentation into the site's folder: the guides, the reference, and the index of the search.
 *
 * @param {object} options
 * @param {string} options.root the checkout
 * @param {string} options.out the site's folder
 * @param {{ path: string, title: string }[]} options.pages the pages of the app
 * @returns {Promise<{ complaints: string[], names: string[] }>} what is wrong; and the exported names that the reference has
 */
export async function buildDocumentation({ root, out, pages }) {
  const guides = await readGuides(root);
  const repository = await repositoryOf(root);
  const groups = GUIDES.map(({ title, files }) => ({
    title,
    pages: files.flatMap((file) => (guides.has(file) ? [{ path: pageOf(file), title: guides.get(file).short }] : [])),
  }));
  groups.find(({ title }) => title === LOOK_UP).pages.unshift({ path: `${REFERENCE}/index.html`, title: 'API reference' });
  const roof = { pages, groups };
  const { makeReference } = await import('../reference/make.js');
  const { complaints, names, places } = await makeReference({
    root,
    out: join(out, REFERENCE),
    ...(repository && { repository }),
    layout: ({ url, title, body }) => docsPage({ path: `${REFERENCE}/${url}`, title, body, current: `${REFERENCE}/index.html` }, roof),
  });
  if (complaints.length > 0) return { complaints, names };
  const site = { root, out, roof, guides, repository, complaints, addressOf: addressesOf(places), extra: new Map() };
  const documents = [];
  for (const file of guides.keys()) documents.push(...(await writeGuide(file, site)));
  for (const write of site.extra.values()) await write();
  for (const { name, kind, url, text, isExport } of places)
    documents.push({
      title: name,
      text: isExport ? text : '',
      url: `${REFERENCE}/${url}`,
      kind,
      about: shortened(text),
      weight: isExport ? 1.5 : 0.6,
    });
  await writeIndex(join(out, 'docs', 'search-index.json'), documents);
  const unlisted = (await readdir(join(root, 'docs'))).filter((name) => name.endsWith('.md') && !guides.has(`docs/${name}`));
  complaints.push(...unlisted.map((name) => `docs/${name} has no place in the documentation: give it one in scripts/site/guides.js`));
  return { complaints, names };
}

async function readGuides(root) {
  const guides = new Map();
  for (const file of GUIDES.flatMap(({ files }) => files)) {
    const text = await readFile(join(root, file), 'utf8');
    const title = /^# (.+)$/m.exec(text)?.[1].replaceAll('`', '') ?? file;
    guides.set(file, { text, title, short: SHORT_TITLES[file] ?? title });
  }
  return guides;
}

/** The address of the sources, where package.json names a repository. */
async function repositoryOf(root) {
  const { repository } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const url = typeof repository === 'string' ? repository : repository?.url;
  return url && `${url.replace(/^git\+/, '').replace(/\.git$/, '')}/blob/HEAD`;
}

/** Finds the page of an exported name: one that two entries export is that of the first. */
function addressesOf(places) {
  const addresses = new Map();
  for (const { name, url, isExport } of places) if (isExport && !addresses.has(name)) addresses.set(name, `${REFERENCE}/${url}`);
  // A word in small letters may be anything; with brackets it is a function.
  return (code) => {
    const [, name, brackets] = /^([A-Za-z]\w+)(\(.*\))?$/.exec(code) ?? [];
    return name && (brackets || /^[A-Z].*[a-z]/.test(name)) ? addresses.get(name) : undefined;
  };
}

async function writeGuide(file, { root, out, roof, guides, repository, complaints, addressOf, extra }) {
  const path = pageOf(file);
  const { text, title } = guides.get(file);
  const link = (href) => {
    if (/^(?:[a-z]+:|#)/i.test(href)) return href;
    const [way, anchor] = href.split('#', 2);
    const target = posix.join(posix.dirname(file), decodeURIComponent(way));
    const place = anchor === undefined ? '' : `#${anchor}`;
    if (guides.has(target)) return wayTo(path, pageOf(target)) + place;
    if (target.startsWith('../') || !existsSync(join(root, target))) {
      complaints.push(`${file}: "${href}" leads to nothing`);
      return href;
    }
    if (/\.(?:png|jpe?g|svg|webp|gif)$/.test(target)) {
      const picture = target.startsWith('docs/') ? target : `docs/${target}`;
      extra.set(picture, () => copyInto(join(root, target), join(out, picture)));
      return wayTo(path, picture);
    }
    if (repository) return `${repository}/${target}${place}`;
    if (statSync(join(root, target)).isDirectory()) {
      complaints.push(`${file}: "${href}" leads to a folder, which the site does not have`);
      return href;
    }
    const source = `docs/source/${target}.html`;
    extra.set(source, () => writeSource(join(root, target), target, join(out, source), source, roof));
    return wayTo(path, source);
  };
  const code = (name) => {
    const address = addressOf(name);
    return address && wayTo(path, address);
  };
  const { html, headings, sections } = renderMarkdown(text, { link, code });
  await writeInto(join(out, path), docsPage({ path, title, body: html, headings }, roof));
  return sections.map((section) => ({
    title: section.title,
    text: textOf(section.text.replace(/[<>]/g, ' ')),
    url: section.id === '' ? path : `${path}#${section.id}`,
    kind: section.id === '' ? 'guide' : guides.get(file).short,
    about: shortened(section.text),
    weight: 1,
  }));
}

/** The page of a text of the project that is no guide, such as an example. */
async function writeSource(from, name, to, path, roof) {
  const text = await readFile(from, 'utf8');
  const body = `<h1>${escapeHtml(name)}</h1>\n<pre tabindex="0"><code>${escapeHtml(text)}</code></pre>`;
  await writeInto(to, docsPage({ path, title: name, body }, roof));
}

function shortened(text) {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= ABOUT_LENGTH ? line : `${line.slice(0, line.lastIndexOf(' ', ABOUT_LENGTH))} …`;
}

async function writeIndex(file, documents) {
  const index = new MiniSearch({ ...SEARCH_OPTIONS, storeFields: [...SEARCH_OPTIONS.storeFields, 'weight'] });
  index.addAll(documents.map((document, id) => ({ id, ...document })));
  await writeInto(file, JSON.stringify(index));
}

async function writeInto(file, text) {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}

async function copyInto(from, to) {
  await mkdir(dirname(to), { recursive: true });
  await copyFile(from, to);
}
