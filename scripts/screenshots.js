// node scripts/screenshots.js [name ...]: pictures of the built site for docs/, taken by a headless Chromium.
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { root } from './lib/bundle-test.js';
import { launchChromium } from './lib/chromium.js';

const DESK = { viewport: { width: 1280, height: 860 } };
const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };
const LIGHT = { colorScheme: 'light' };
const DARK = { colorScheme: 'dark' };
/** What Chromium needs to show WebGPU on SwiftShader, a camera that draws its own frames, and consent to it. */
const FLAGS = ['--enable-unsafe-webgpu', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];
const MINUTE = 60_000;

/** The pictures: a page of the app, how large and in which colours, and what somebody did before. */
const SHOTS = {
  'demo-draw': { page: '#/draw', options: { ...DESK, ...LIGHT }, ready: drawn },
  'demo-draw-phone': { page: '#/draw', options: { ...PHONE, ...DARK }, ready: drawn },
  'demo-camera': {
    page: '#/camera',
    options: { ...DESK, ...DARK },
    async ready(page) {
      await page
        .getByRole('button', { name: /camera/i })
        .first()
        .click();
      await page
        .getByText(/frames a second|fps/i)
        .first()
        .waitFor({ timeout: MINUTE });
      await page.waitForTimeout(5000);
    },
  },
  'demo-train': {
    page: '#/train',
    options: { ...DESK, ...LIGHT },
    async ready(page) {
      await page.getByText('Further options').click();
      await page.getByLabel('Options').fill('size=64 ngf=16 ndf=16 seed=1');
      await page.getByRole('button', { name: 'Start training' }).click();
      await page.waitForTimeout(1.5 * MINUTE);
    },
  },
  'demo-learn': {
    page: '#/learn',
    options: { ...DESK, ...LIGHT },
    async ready(page) {
      await page.getByRole('button', { name: /^Step 2/ }).click();
      await page.locator('section[aria-busy="false"] canvas').first().waitFor({ timeout: MINUTE });
    },
  },
  'demo-lab': {
    page: '#/lab',
    options: { ...DESK, ...DARK },
    async ready(page) {
      await page.getByText(/^kind: /).waitFor({ timeout: MINUTE });
      await page.getByLabel('Only kernels whose name').fill('conv2d forward');
    },
  },
};

/** Waits for the translation of a drawing that was opened. */
async function drawn(page) {
  await page.getByText(/^Translated in/).waitFor({ timeout: MINUTE });
}

const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.json': 'application/json', '.svg': 'image/svg+xml' };

/** Serves the built site on this machine. */
async function serve() {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    const body = await readFile(join(root, 'site', pathname.endsWith('/') ? `${pathname}index.html` : pathname)).catch(() => undefined);
    response.statusCode = body ? 200 : 404;
    response.setHeader('content-type', TYPES[extname(pathname)] ?? (pathname.endsWith('/') ? 'text/html' : 'application/octet-stream'));
    response.end(body ?? '');
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return server;
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in SHOTS));
if (unknown.length > 0) {
  console.error(`error: expected names among ${Object.keys(SHOTS).join(', ')}; got ${unknown.join(', ')}`);
  process.exit(2);
}
const server = await serve();
const { browser } = await launchChromium(FLAGS);
for (const [name, { page: address, options, ready }] of Object.entries(SHOTS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const context = await browser.newContext({ ...options, locale: 'en-US' });
  const page = await context.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}/${address}`);
  await ready(page);
  const path = join(root, 'docs', `${name}.jpg`);
  await page.screenshot({ path, type: 'jpeg', quality: 80 });
  console.log(path);
  await context.close();
}
await browser.close();
server.closeAllConnections();
server.close();
