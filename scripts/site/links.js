import { readFile, readdir } from 'node:fs/promises';
import { join, posix } from 'node:path';

/**
 * Looks whether every link of a folder of pages, and all that they load, leads to a file of it and to a place in it.
 *
 * @param {string} folder
 * @returns {Promise<{ complaints: string[], links: number }>} what leads nowhere, a line each; and how many there are
 */
export async function checkLinks(folder) {
  const files = new Set((await readdir(folder, { recursive: true })).map((name) => name.replaceAll('\\', '/')));
  const pages = new Map();
  for (const name of files) if (name.endsWith('.html')) pages.set(name, readPage(await readFile(join(folder, name), 'utf8')));
  const complaints = [];
  let links = 0;
  for (const [name, page] of pages) {
    for (const twice of page.twice) complaints.push(`${name}: there are two places called "${twice}"`);
    for (const address of page.addresses) {
      links++;
      const wrong = whatIsWrong(name, address, files, pages);
      if (wrong) complaints.push(`${name}: "${address}" ${wrong}`);
    }
  }
  return { complaints, links };
}

const decode = (text) => text.replaceAll('&amp;', '&').replaceAll('&quot;', '"').replaceAll('&#39;', "'");

function readPage(html) {
  // What a page shows as text, such as the HTML of an example, has no marks of its own: they are escaped.
  const ids = [...html.matchAll(/<[^>]*?\sid="([^"]*)"/g)].map(([, id]) => decode(id));
  const addresses = [...html.matchAll(/<[a-z][^>]*?\s(?:href|src)="([^"]*)"/g)].map(([, address]) => decode(address));
  return { ids: new Set(ids), twice: ids.filter((id, at) => ids.indexOf(id) !== at), addresses: [...new Set(addresses)] };
}

function whatIsWrong(from, address, files, pages) {
  if (/^(?:https?:|mailto:)/.test(address)) return undefined;
  if (/^[a-z]+:|^\//i.test(address)) return 'is none that works wherever the site lies';
  const [path, anchor] = address.split('#', 2);
  const to = path === '' ? from : posix.join(posix.dirname(from), decodeURIComponent(path));
  if (!files.has(to)) return 'leads to no file';
  // The app reads its own: #/draw.
  if (!anchor || anchor.startsWith('/')) return undefined;
  return pages.get(to)?.ids.has(decodeURIComponent(anchor)) ? undefined : 'leads to no place in its page';
}
