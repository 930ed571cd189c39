/* global SITE_VERSION, SITE_FILES, SITE_LATER, SITE_PACK */
// Keeps the site in the browser, one version as a whole. The names in capitals are put in when the site is built: the version; every
// file with its SHA-256, as fetch() compares it; those that are kept when they are first asked for; and the file that holds the pages
// of the reference.
const scope = new URL(self.registration.scope);
const FILES = new Map(SITE_FILES);
const LATER = new Map(SITE_LATER);

/** Several sites may lie on one host. */
const PREFIX = `shadegrad-site ${scope.pathname} `;
const CACHE = PREFIX + SITE_VERSION;
/** Names with a hash: what is in an earlier version under such a name is the same. */
const HASHED = /-[A-Z0-9]{8}\.\w+$/;
const AT_A_TIME = 6;
const TYPE = { 'content-type': 'text/html; charset=utf-8' };

const addressOf = (path) => new URL(path, scope).href;
const ownCaches = async () => (await caches.keys()).filter((name) => name.startsWith(PREFIX));

self.addEventListener('install', (event) => event.waitUntil(install()));
self.addEventListener('activate', (event) => event.waitUntil(activate()));
self.addEventListener('message', ({ data }) => data === 'take over' && self.skipWaiting());
self.addEventListener('fetch', (event) => {
  const path = pathOf(event.request);
  if (path !== undefined) event.respondWith(answer(path, event.request));
});

/** Loads every file, or fails: then the version before stays what it is, and the browser tries again at a later visit. */
async function install() {
  const earlier = await Promise.all((await ownCaches()).filter((name) => name !== CACHE).map((name) => caches.open(name)));
  const cache = await caches.open(CACHE);
  const rest = [...FILES.keys()];
  const load = async () => {
    for (let path = rest.shift(); path !== undefined; path = rest.shift()) {
      const address = addressOf(path);
      if (await cache.match(address)) continue;
      const kept = HASHED.test(path) ? (await Promise.all(earlier.map((each) => each.match(address)))).find(Boolean) : undefined;
      await cache.put(address, kept ?? (await download(path)));
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, load));
}

async function download(path) {
  const response = await fetch(addressOf(path), { cache: 'no-cache', integrity: FILES.get(path) ?? LATER.get(path) });
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  // Hosts that send `page.html` on to `page` do no harm: what was sent on cannot be the answer to a request for a page.
  const { headers } = response;
  return response.redirected ? new Response(await response.blob(), { headers }) : response;
}

/** The version before is kept for pages that are still open with it, and ask for their parts; older ones go. */
async function activate() {
  const old = (await ownCaches()).filter((name) => name !== CACHE);
  await Promise.all(old.slice(0, -1).map((name) => caches.delete(name)));
  await self.clients.claim();
}

/** Which file of the site a request is for; undefined for what is none of this worker's. */
function pathOf({ method, url }) {
  const { origin, pathname } = new URL(url);
  if (method !== 'GET' || origin !== scope.origin || !pathname.startsWith(scope.pathname)) return undefined;
  const path = decodeURIComponent(pathname.slice(scope.pathname.length));
  // Weights are kept by the app, which compares their hashes.
  return path === 'service-worker.js' || (path.startsWith('models/') && !FILES.has(path)) ? undefined : path;
}

async function answer(path, request) {
  for (const each of [path, `${path}index.html`, `${path}.html`, `${path}/index.html`]) {
    const found = FILES.has(each) ? await (await caches.open(CACHE)).match(addressOf(each)) : await packed(each);
    if (found) return found;
  }
  if (LATER.has(path)) return keptFromNow(path);
  return (await keptBefore(path)) ?? fetch(request);
}

/** What a version has kept under a name with a hash. */
async function keptBefore(path) {
  if (!HASHED.test(path)) return undefined;
  for (const name of (await ownCaches()).reverse()) {
    const found = await (await caches.open(name)).match(addressOf(path));
    if (found) return found;
  }
  return undefined;
}

async function keptFromNow(path) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(addressOf(path));
  if (kept) return kept;
  const response = (await keptBefore(path)) ?? (await download(path));
  // Where the browser keeps nothing more, it works all the same.
  await cache.put(addressOf(path), response.clone()).catch(() => undefined);
  return response;
}

let pages;
/** A page of the reference. Its pages are one file, which is one request where they would be hundreds. */
async function packed(path) {
  if (!path.startsWith('docs/reference/') || !path.endsWith('.html')) return undefined;
  pages ??= unpack().catch(() => {
    pages = undefined;
    return {};
  });
  const all = await pages;
  return Object.hasOwn(all, path) ? new Response(all[path], { headers: TYPE }) : undefined;
}

async function unpack() {
  const file = await (await caches.open(CACHE)).match(addressOf(SITE_PACK));
  return new Response(file.body.pipeThrough(new DecompressionStream('gzip'))).json();
}
