import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, posix, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import sharp from 'sharp';
import { buildDocumentation } from '../site/documentation.js';
import { wayTo } from '../site/html.js';
import { checkLinks } from '../site/links.js';
import { headOf } from '../site/page.js';
import { buildApp } from './app.js';
import { root } from './bundle-test.js';

/** Files whose names get the hash of what they hold: what is in a browser's cache under such a name is never out of date. */
const HASHED = [
  ...['main.js', 'main.css', 'visit.js', 'docs/docs.css', 'docs/docs.js'],
  ...['train-worker.js', 'lab/tests.json', 'lab/tests.js', 'lab/benches.js'],
];
/** What the app shows of its models before any is chosen; weights are kept when they are first used. */
const KEPT_OF_MODELS = /\.(?:json|png|jpe?g|webp|svg)$/;
/** What few visitors want, and what is large: kept when it is first used. */
const LATER = /^lab\//;
const PACK = 'docs/reference.pack';
const COLOUR = '#1f4fc9';

/**
 * Builds the site: the app, its models, the documentation, and what keeps them in a browser. What is there stays until all of it is made.
 *
 * @param {string} out the folder
 * @returns {Promise<{ complaints: string[], names: string[], files: number, bytes: number }>} what is wrong, so that nothing is written;
 *   the exported names that the reference has; and how much there is
 */
export async function buildSite(out = join(root, 'site')) {
  // Beside it, so that it is renamed within one file system.
  const fresh = join(dirname(out), `.${basename(out)}-${process.pid}`);
  try {
    await buildApp(fresh);
    const pages = await appPages();
    const { complaints, names } = await buildDocumentation({ root, out: fresh, pages });
    if (complaints.length > 0) return { complaints, names, files: 0, bytes: 0 };
    await writeScripts(fresh);
    await writeHead(join(fresh, 'index.html'));
    await writeIcons(fresh);
    await writeHashes(fresh);
    const broken = (await checkLinks(fresh)).complaints;
    if (broken.length > 0) return { complaints: broken, names, files: 0, bytes: 0 };
    await writeWorker(fresh);
    const files = await filesOf(fresh);
    const bytes = (await Promise.all(files.map((name) => readFile(join(fresh, name))))).reduce((sum, { length }) => sum + length, 0);
    await replace(out, fresh);
    return { complaints, names, files: files.length, bytes };
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

async function replace(out, fresh) {
  const previous = `${fresh}-previous`;
  if (existsSync(out)) await rename(out, previous);
  await rename(fresh, out);
  await rm(previous, { recursive: true, force: true });
}

/** The pages of the app, as its table has them. */
async function appPages() {
  const table = await readFile(join(root, 'examples/app/pages/registry.ts'), 'utf8');
  const pages = [...table.matchAll(/{ path: '([^']+)', title: '([^']+)'/g)].map(([, path, title]) => ({ path, title }));
  if (pages.length === 0) throw new Error('no pages of the app were found in examples/app/pages/registry.ts');
  return pages;
}

const filesOf = async (folder) =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath ?? entry.path, entry.name)).replaceAll('\\', '/'))
    .sort();

/** The scripts and the style that the app does not have. */
async function writeScripts(out) {
  const shared = {
    absWorkingDir: root,
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    minify: true,
    logLevel: 'warning',
  };
  await build({ ...shared, entryPoints: ['scripts/site/visit.js', 'scripts/site/docs.css'], outdir: out });
  await rename(join(out, 'docs.css'), join(out, 'docs/docs.css'));
  const index = await withHash(join(out, 'docs/search-index.json'));
  await build({
    ...shared,
    entryPoints: ['scripts/site/docs.js'],
    outdir: join(out, 'docs'),
    splitting: true,
    chunkNames: '[name]-[hash]',
    define: { SEARCH_INDEX: JSON.stringify(basename(index)) },
  });
}

const hashOf = (body) => createHash('sha256').update(body);
/** As esbuild has it in the names of parts. */
const shortHash = (body) => hashOf(body).digest('hex').slice(0, 8).toUpperCase();

/** Renames a file by what it holds. @returns its path */
async function withHash(file) {
  const to = file.replace(/(\.\w+)$/, `-${shortHash(await readFile(file))}$1`);
  await rename(file, to);
  return to;
}

/** The app's page gets what every page of the site has. */
async function writeHead(file) {
  const page = await readFile(file, 'utf8');
  const marked = page.replace(/<meta charset="utf-8" ?\/?>/i, (charset) => `${charset}\n${headOf('index.html')}`);
  if (marked === page) throw new Error('examples/app/index.html has no <meta charset="utf-8">');
  await writeFile(file, marked);
}

async function writeHashes(out) {
  const renamed = new Map();
  for (const name of HASHED) renamed.set(name, relative(out, await withHash(join(out, name))).replaceAll('\\', '/'));
  for (const page of await filesOf(out)) {
    if (!page.endsWith('.html')) continue;
    const text = await readFile(join(out, page), 'utf8');
    const turned = text.replace(/(<(?:link|script)\b[^>]*?\s(?:href|src)=")([^"]+)(")/g, (all, before, address, after) => {
      const to = renamed.get(posix.join(posix.dirname(page), address));
      return to ? before + wayTo(page, to) + after : all;
    });
    await writeFile(join(out, page), turned);
  }
}

/** What lets people install the site as a program of theirs. */
async function writeIcons(out) {
  const icon = await readFile(join(out, 'icon.svg'));
  const icons = [{ src: 'icon.svg', sizes: 'any', type: 'image/svg+xml' }];
  const draw = async (name, side, purpose) => {
    // Systems cut icons to shapes of their own: what matters is in the middle.
    const inner = purpose === 'maskable' ? Math.round(side * 0.8) : side;
    const picture = await sharp(icon, { density: (72 * inner) / 64 })
      .resize(inner, inner)
      .png()
      .toBuffer();
    const background = purpose === 'maskable' ? COLOUR : { r: 0, g: 0, b: 0, alpha: 0 };
    const canvas = sharp({ create: { width: side, height: side, channels: 4, background } });
    await canvas
      .composite([{ input: picture }])
      .png({ compressionLevel: 9 })
      .toFile(join(out, name));
    icons.push({ src: name, sizes: `${side}x${side}`, type: 'image/png', ...(purpose && { purpose }) });
  };
  await draw('icon-192.png', 192);
  await draw('icon-512.png', 512);
  await draw('icon-maskable.png', 512, 'maskable');
  const manifest = {
    name: 'shadegrad',
    short_name: 'shadegrad',
    description: 'Draw, film and train image-to-image networks in the browser, on WebGPU.',
    id: './',
    start_url: './',
    scope: './',
    display: 'standalone',
    background_color: '#fafaf8',
    theme_color: COLOUR,
    icons,
  };
  await writeFile(join(out, 'manifest.webmanifest'), `${JSON.stringify(manifest, null, 2)}\n`);
}

/** Writes the service worker, which knows every file that it is to keep. */
async function writeWorker(out) {
  const all = await filesOf(out);
  const reference = all.filter((name) => name.startsWith('docs/reference/'));
  const pages = await Promise.all(reference.map(async (name) => [name, await readFile(join(out, name), 'utf8')]));
  await writeFile(join(out, PACK), gzipSync(JSON.stringify(Object.fromEntries(pages)), { level: 9 }));
  const pack = relative(out, await withHash(join(out, PACK))).replaceAll('\\', '/');
  const own = all.filter((name) => !reference.includes(name) && (!name.startsWith('models/') || KEPT_OF_MODELS.test(name)));
  const withSums = (names) =>
    Promise.all(names.map(async (name) => [name, `sha256-${hashOf(await readFile(join(out, name))).digest('base64')}`]));
  const files = await withSums([...own.filter((name) => !LATER.test(name)), pack]);
  const later = await withSums(own.filter((name) => LATER.test(name)));
  const worker = join(root, 'scripts/site/service-worker.js');
  const version = shortHash(JSON.stringify([files, later]) + (await readFile(worker, 'utf8')));
  const values = { SITE_VERSION: version, SITE_FILES: files, SITE_LATER: later, SITE_PACK: pack };
  const define = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, JSON.stringify(value)]));
  await build({
    entryPoints: [worker],
    outfile: join(out, 'service-worker.js'),
    minify: true,
    target: 'es2022',
    define,
    logLevel: 'warning',
  });
}
