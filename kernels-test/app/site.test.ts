// not in browsers: it starts one
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { giveFile } from '../../src/node/dashboard/folder.js';
import { hostRefusal, LOCAL } from '../../src/node/dashboard/guard.js';
import { PageServer } from '../../src/node/dashboard/page-server.js';
import * as inNode from '../../src/node/index.js';
import * as inBrowsers from '../../src/web/index.js';
import { barriers } from '../harness/app.js';
import { launchChromium } from '../harness/bundles.js';

interface Built {
  complaints: string[];
  names: string[];
  files: number;
}

const script = async <T>(name: string): Promise<T> => (await import(pathToFileURL(join(process.cwd(), 'scripts', name)).href)) as T;
const folder = mkdtempSync(join(tmpdir(), 'shadegrad-site-'));
/** Below the top of the address, as on many hosts. */
const site = join(folder, 'some', 'where');
let built: Built;
let server: PageServer;
let browser: Browser;
let address: string;

test.before(async () => {
  mkdirSync(join(folder, 'some'));
  const { buildSite } = await script<{ buildSite(out: string): Promise<Built> }>('lib/site.js');
  built = await buildSite(site);
  // Nothing is there to be tested then.
  assert.equal(built.complaints, []);
  server = await PageServer.open(0, {
    ...{ title: 'The site', flag: '--port', headers: { 'content-security-policy': "frame-ancestors 'none'" } },
    check: (request) => hostRefusal(request, LOCAL),
    answer: (request, response) => giveFile(folder, request, response),
  });
  address = `http://127.0.0.1:${server.port}/some/where/`;
  browser = await launchChromium();
});
test.after(async () => {
  await browser?.close();
  await server?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Opens a page; what it throws, or logs as an error, such as what its policy forbids, is collected. */
async function open(path: string, options = {}): Promise<{ page: Page; context: BrowserContext; problems: string[] }> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.stack ?? error.message));
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  await page.goto(address + path);
  return { page, context, problems };
}

/** Waits until the site is kept in the browser. */
const kept = async (page: Page): Promise<unknown> => page.waitForFunction(() => navigator.serviceWorker.controller !== null);

test('the site is built without a complaint: every exported name says what it is, and every link leads to its place', async () => {
  const twice = built.names.filter((name, index) => built.names.indexOf(name) !== index);
  assert.equal(twice.sort(), ['addToTuningCache', 'loadModule', 'readTuningCache', 'requestGpu'], 'other in Node than in browsers');
  for (const name of [...Object.keys(inNode), ...Object.keys(inBrowsers)]) assert.ok(built.names.includes(name), name);
  const guide = readFileSync(join(site, 'docs/modules.html'), 'utf8');
  assert.match(guide, /<a class="name" href="reference\/\w+\/shadegrad\.\w+\.html">/, 'guides lead to the reference');
  // A page never starts the worker of another version.
  const page = readFileSync(join(site, 'index.html'), 'utf8');
  const programs = [...page.matchAll(/<(?:link rel="(?:train-worker|lab-part)"|script)[^>]* (?:href|src)="([^"]+)"/g)].map(
    ([, name]) => name!,
  );
  assert.is(programs.length, 6, programs.join());
  for (const name of programs) assert.match(name, /-[0-9A-F]{8}\.js(?:on)?$/);
});

test('a link that leads nowhere is found', async () => {
  const { checkLinks } = await script<{ checkLinks(folder: string): Promise<{ complaints: string[]; links: number }> }>('site/links.js');
  const pages = join(folder, 'pages');
  mkdirSync(join(pages, 'below'), { recursive: true });
  writeFileSync(
    join(pages, 'index.html'),
    '<p id="here"></p><a href="below/page.html#there">a</a><a href="#nowhere">b</a><a href="#/draw">c</a>',
  );
  writeFileSync(
    join(pages, 'below/page.html'),
    '<h1 id="there"></h1><h2 id="there"></h2><a href="../index.html#here">a</a><img src="no.png"><a href="/x">b</a>' +
      '<a href="https://x.y/">c</a>',
  );
  const { complaints, links } = await checkLinks(pages);
  assert.equal(complaints.sort(), [
    'below/page.html: "/x" is none that works wherever the site lies',
    'below/page.html: "no.png" leads to no file',
    'below/page.html: there are two places called "there"',
    'index.html: "#nowhere" leads to no place in its page',
  ]);
  assert.is(links, 7);
});

test('every page of the app opens below the top of an address, within its policy', async () => {
  const { page, context, problems } = await open('');
  for (const name of ['Draw', 'Camera', 'Train', 'Lab', 'Learn']) {
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name }).click();
    await page.waitForFunction((title) => document.title.startsWith(title), name);
    await page.getByRole('main').getByRole('heading', { level: 1 }).waitFor();
  }
  const forbidden = problems.filter((problem) => /Content Security Policy|Failed to load/.test(problem));
  assert.equal(forbidden, []);
  const policy = await page.locator('meta[http-equiv=Content-Security-Policy]').getAttribute('content');
  assert.match(policy!, /default-src 'none'/);
  assert.not.match(policy!, /unsafe|http/);
  await context.close();
});

test('nothing of a model is asked for before the first paint', async () => {
  const { page, context } = await open('#/draw', { serviceWorkers: 'block' });
  await page.getByRole('main').getByRole('heading', { level: 1 }).waitFor();
  const early = await page.evaluate(async () => {
    const painted = () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime;
    while (painted() === undefined) await new Promise((done) => setTimeout(done, 20));
    const asked = performance.getEntriesByType('resource').filter(({ startTime }) => startTime < painted()!);
    return asked.map(({ name }) => name).filter((name) => name.includes('/models/'));
  });
  assert.equal(early, []);
  await context.close();
});

test('after the first visit app, guides, reference and search work without a connection', async () => {
  const { page, context, problems } = await open('');
  await kept(page);
  await context.setOffline(true);
  for (const [path, heading] of [
    ['#/train', ''],
    ['docs/', 'shadegrad'],
    ['docs/data.html#formats', 'Pictures and folders'],
    ['docs/reference/classes/shadegrad.Trainer.html', 'Class Trainer'],
  ] as const) {
    await page.goto('about:blank');
    await page.goto(address + path);
    await page.locator('h1', { hasText: heading }).first().waitFor();
  }
  await page.locator('body').press('/');
  await page.keyboard.type('pairedfold');
  await page.getByRole('option', { name: 'openPairedFolder' }).waitFor();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.waitForURL(/PairedFolder/);
  await page.getByRole('combobox').fill('checkerboard');
  await page.getByRole('option', { name: 'Decoders without a checkerboard' }).click();
  await page.waitForURL(/pix2pix\.html#decoders-without-a-checkerboard$/);
  await page.getByRole('combobox').fill('zzzyx');
  await page.getByText('Nothing was found for "zzzyx".').waitFor();
  assert.equal(problems, []);
  await context.close();
});

test('pages of the documentation have no barriers, in light and in dark, on a phone', async () => {
  for (const colorScheme of ['light', 'dark'] as const) {
    const { page, context } = await open('docs/data.html', { colorScheme, viewport: { width: 360, height: 740 } });
    await page.getByRole('combobox').fill('pairs');
    await page.getByRole('option').first().waitFor();
    assert.equal(await barriers(page), [], `a guide, ${colorScheme}`);
    await page.goto(`${address}docs/reference/classes/shadegrad.PatchGAN.html`);
    assert.equal(await barriers(page), [], `the reference, ${colorScheme}`);
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 360, 'it is wider than the phone');
    await context.close();
  }
});

test('a new version says so, and takes the place of the old one as a whole; one with a wrong part never does', async () => {
  const guide = join(site, 'docs', 'index.html');
  const worker = join(site, 'service-worker.js');
  const [before, workerBefore] = [readFileSync(guide, 'utf8'), readFileSync(worker, 'utf8')];
  const hash = (text: string): string => `sha256-${createHash('sha256').update(text).digest('base64')}`;
  const publish = (text: string, version: string, told = text): void => {
    writeFileSync(guide, text);
    const changed = workerBefore.replace(hash(before), hash(told)).replace(/"[0-9A-F]{8}"/, `"${version}"`);
    assert.not.equal(changed, workerBefore);
    writeFileSync(worker, changed);
  };
  const { page, context } = await open('docs/index.html');
  await kept(page);
  const update = (): Promise<string> =>
    page.evaluate(async () => {
      const registration = (await navigator.serviceWorker.getRegistration())!;
      await registration.update();
      const { installing } = registration;
      if (!installing) return registration.waiting?.state ?? 'none';
      return new Promise((done) => {
        installing.addEventListener('statechange', () => done(installing.state));
      });
    });
  publish(before.replace('<h1 id="shadegrad">', '<h1 id="shadegrad">Half a version of '), '00000001', 'another text');
  assert.is(await update(), 'redundant');
  publish(before.replace('<h1 id="shadegrad">', '<h1 id="shadegrad">The next version of '), '00000002');
  assert.is(await update(), 'installed');
  await page.reload();
  await page.getByText('A new version of this site is there.').waitFor();
  assert.is(await page.getByRole('heading', { level: 1 }).textContent(), 'shadegrad');
  await page.getByRole('button', { name: 'Reload' }).click();
  await page.getByRole('heading', { name: 'The next version of shadegrad' }).waitFor();
  await context.setOffline(true);
  await page.reload();
  await page.getByRole('heading', { name: 'The next version of shadegrad' }).waitFor();
  await context.close();
});

test.run();
