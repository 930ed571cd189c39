// not in browsers: it starts one
// first driver only: the pages run in the browser's own driver
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import type { Page } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { UNet } from '../../src/models/unet.js';
import { encodePng } from '../../src/node/images/png.js';
import { Translator } from '../../src/training/translator.js';
import { networkBlob } from '../../src/web/network-blob.js';
import { launchChromium } from '../harness/bundles.js';
import { testGpu } from '../harness/gpu.js';

const SIDE = 32;
const image = { width: SIDE, height: SIDE, data: Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, at) => (at * 37) % 251) };
const TYPES: Record<string, string> = { html: 'text/html', js: 'text/javascript' };

/** The files of the pages, by their addresses; nothing else is there. */
async function pages(generator: Uint8Array): Promise<Map<string, string | Uint8Array>> {
  execFileSync(process.execPath, [
    '--input-type=module',
    '--eval',
    `const { prepareBuild } = await import('./scripts/lib/prepare.js'); prepareBuild() || process.exit(1);`,
  ]);
  const { outputFiles } = await build({
    entryPoints: ['examples/vite-app/main.ts'],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    write: false,
    // What the installed package's exports lead to.
    alias: { 'shadegrad/translate': resolve('dist/translate.js') },
  });
  const lean = 'dist/shadegrad-translate.min.js';
  return new Map<string, string | Uint8Array>([
    ['/some/folder/index.html', readFileSync('examples/vite-app/index.html', 'utf8').replace('main.ts', 'main.js')],
    ['/some/folder/main.js', outputFiles[0]!.text],
    ['/some/folder/generator.safetensors', generator],
    ['/examples/script-module.html', readFileSync('examples/script-module.html')],
    [`/${lean}`, readFileSync(lean)],
    ['/dist/shadegrad.min.js', readFileSync(join('dist', 'shadegrad.min.js'))],
  ]);
}

function serve(files: ReadonlyMap<string, string | Uint8Array>): Promise<Server> {
  const server = createServer(({ url }, response) => {
    const found = files.get(url!);
    response.writeHead(found === undefined ? 404 : 200, { 'Content-Type': TYPES[url!.split('.').at(-1)!] ?? 'application/octet-stream' });
    response.end(found);
  });
  return new Promise((done) => server.listen(0, '127.0.0.1', () => done(server)));
}

const isSaid = (page: Page, part: string): Promise<unknown> =>
  page.waitForFunction((text) => document.querySelector('#status')!.textContent!.includes(text), part, { timeout: 60_000 });

/** Chooses a picture as a person does, and reads what the page shows of its translation. */
async function translated(page: Page): Promise<number[]> {
  const buffer = Buffer.from(encodePng(image));
  await page.setInputFiles('#picture', { name: 'picture.png', mimeType: 'image/png', buffer });
  await isSaid(page, 'Done');
  return page.evaluate(() => {
    const canvas = document.querySelector('canvas')!;
    return [...canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height).data].filter((_, at) => at % 4 < 3);
  });
}

test('the Vite app and the page without a bundler translate a picture as Node does; their errors are said in words', async () => {
  const gpu = await testGpu();
  const network = new UNet({ size: SIDE, ngf: 8 }).to(gpu, { training: false });
  const generator = { name: 'generator.safetensors', mimeType: '', buffer: Buffer.from(await (await networkBlob(network)).arrayBuffer()) };
  const translator = await Translator.create(gpu, network);
  const expected = await translator.translate(image);
  translator.dispose();
  network.dispose();
  const isExpected = (made: number[], name: string): void => {
    assert.is(made.length, expected.data.length, name);
    const worst = Math.max(...made.map((value, at) => Math.abs(value - expected.data[at]!)));
    assert.ok(worst <= 1, `${name}: ${worst} of 255 away`);
  };
  assert.ok(new Set(expected.data).size > 50, 'a picture with something in it');
  const files = await pages(generator.buffer);
  const [server, browser] = await Promise.all([serve(files), launchChromium(['--enable-unsafe-webgpu'])]);
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const troubles: string[] = [];
  const open = async (path: string): Promise<Page> => {
    const page = await browser.newPage();
    page.on('pageerror', (error) => troubles.push(error.message));
    await page.goto(origin + path);
    return page;
  };
  try {
    const vite = await open('/some/folder/index.html');
    await isSaid(vite, 'Choose');
    isExpected(await translated(vite), 'the Vite app');
    await vite.setInputFiles('#picture', { name: 'x.png', mimeType: 'image/png', buffer: Buffer.from('no picture') });
    await isSaid(vite, 'decoded');
    files.delete('/some/folder/generator.safetensors');
    await vite.reload();
    await isSaid(vite, 'generator.safetensors: the server answers 404');

    const plain = await open('/examples/script-module.html');
    await plain.setInputFiles('#generator', { ...generator, buffer: Buffer.from('<!doctype html>'.padEnd(600)) });
    await isSaid(plain, 'this is a web page');
    assert.ok(await plain.locator('#picture').isDisabled());
    await plain.setInputFiles('#generator', generator);
    await isSaid(plain, 'Choose a picture');
    isExpected(await translated(plain), 'the page without a bundler');
    // The whole library as one file.
    const sum = await plain.evaluate(async (address) => {
      const { requestGpu, Tensor } = await import(address);
      const gpu = await requestGpu();
      return Tensor.from(gpu, [1, 2], [2]).add(1).sum().item() as Promise<number>;
    }, '/dist/shadegrad.min.js');
    assert.is(sum, 5);
    assert.equal(troubles, []);
  } finally {
    await browser.close();
    server.closeAllConnections();
    server.close();
  }
});

test.run();
