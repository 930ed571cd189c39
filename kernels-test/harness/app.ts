import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { encodeNetwork } from '../../src/exchange/network-file.js';
import type { NetworkArchitecture } from '../../src/models/kind.js';
import { formulaNetwork } from './weights.js';

/** A model for the app of a test, with the row of the catalogue that it has there. */
export interface AppModel {
  readonly row: Readonly<Record<string, unknown>>;
  readonly bytes: Uint8Array;
}

/** Whatever the test's pages need: an address, a browser, and pages whose errors fail the test. */
export interface TestApp {
  /** The address of the app, with a slash at its end. */
  readonly address: string;
  readonly browser: Browser;
  /** The folder that is served. */
  readonly folder: string;
  /** Opens a page of the app in a browser's profile of its own. `problems` collects what the page threw or logged as an error. */
  open(hash?: string, options?: BrowserContextOptions): Promise<{ page: Page; context: BrowserContext; problems: string[] }>;
  close(): Promise<void>;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
};

/** A small network, whose every number follows from its tensor's name, as a file of ours. */
export async function smallModel(architecture: NetworkArchitecture, row: Readonly<Record<string, unknown>> = {}): Promise<AppModel> {
  const parts: Uint8Array[] = [];
  for await (const part of encodeNetwork(formulaNetwork(architecture))) parts.push(part.slice());
  const bytes = Buffer.concat(parts);
  const { size = 64 } = architecture.options as { size?: number };
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const file = `${String(row.id ?? 'small')}.safetensors`;
  const about = { id: 'small', title: 'Small', about: 'Untrained.', licence: 'MIT', input: 'labels', palette: 'facades' };
  return { bytes, row: { ...about, ...row, file, sha256, bytes: bytes.length, size } };
}

/** What a test's app has beside the rest. */
export interface AppParts {
  /** The Lab with the benchmarks and those test files whose names contain one of these; without it there is none. */
  readonly lab?: readonly string[];
}

/**
 * Builds the app, serves it with models of the test's own in the place of the site's, and starts a Chromium for it.
 *
 * @param flags of Chromium, beside the one that lets pages use WebGPU on SwiftShader
 */
export async function openApp(models: readonly AppModel[] = [], flags: readonly string[] = [], parts: AppParts = {}): Promise<TestApp> {
  const folder = await mkdtemp(join(tmpdir(), 'shadegrad-app-'));
  const scripts = <T>(name: string): Promise<T> => import(pathToFileURL(resolve('scripts/lib', name)).href) as Promise<T>;
  const { buildApp } = await scripts<{ buildApp(out: string, options: AppParts & { minify: boolean }): Promise<unknown> }>('app.js');
  const { launchChromium } = await scripts<{ launchChromium(flags: readonly string[]): Promise<{ browser: Browser }> }>('chromium.js');
  await buildApp(folder, { minify: false, ...parts });
  const own = new Map<string, Uint8Array>(models.map(({ row, bytes }) => [`/models/${String(row.file)}`, bytes]));
  if (models.length > 0) own.set('/models/catalogue.json', Buffer.from(JSON.stringify({ models: models.map(({ row }) => row) })));
  const server = await serve(folder, own);
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const { browser } = await launchChromium(['--enable-unsafe-webgpu', ...flags]);
  return {
    address,
    browser,
    folder,
    async open(hash = '', options = {}) {
      const context = await browser.newContext(options);
      const page = await context.newPage();
      const problems: string[] = [];
      page.on('pageerror', (error) => problems.push(error.stack ?? error.message));
      page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
      await page.goto(`${address}${hash}`);
      return { page, context, problems };
    },
    async close() {
      await browser.close();
      server.closeAllConnections();
      server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** What axe-core finds wrong with a page as it is now, a line each. */
export async function barriers(page: Page): Promise<string[]> {
  // By evaluate(), which policies of pages do not keep from running.
  if (!(await page.evaluate("'axe' in globalThis")))
    await page.evaluate(await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'));
  const { violations } = (await page.evaluate('axe.run()')) as { violations: { id: string; nodes: { html: string }[] }[] };
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}

/** Takes a picture of a page for people to look at, where SHADEGRAD_SCREENSHOTS names a folder. */
export async function shot(page: Page, name: string): Promise<void> {
  const folder = process.env.SHADEGRAD_SCREENSHOTS;
  if (folder) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}

/** A plain server of a folder's files; those of `own` stand before them. */
async function serve(folder: string, own: ReadonlyMap<string, Uint8Array>): Promise<Server> {
  const server = createServer((request, response) => {
    void (async () => {
      const { pathname } = new URL(request.url ?? '/', 'http://localhost');
      const path = pathname.endsWith('/') ? `${pathname}index.html` : pathname;
      const file = resolve(folder, `.${path}`);
      const body = own.get(path) ?? (file.startsWith(folder + sep) ? await readFile(file).catch(() => undefined) : undefined);
      response.statusCode = body ? 200 : 404;
      response.setHeader('content-type', TYPES[extname(path)] ?? 'application/octet-stream');
      response.end(body ?? '');
    })();
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return server;
}
