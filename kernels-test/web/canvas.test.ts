// first driver only: it starts browsers of its own
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type BuildOptions } from 'esbuild';
import type { Browser } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const script = <T>(name: string): Promise<T> => import(pathToFileURL(resolve('scripts/lib', name)).href) as Promise<T>;
const { sources } = await script<{ sources: BuildOptions }>('sources.js');
const { launchChromium } = await script<{ launchChromium(flags: string[]): Promise<{ browser: Browser }> }>('chromium.js');

/** Without Vulkan, Chromium on a CPU loses the device over a WebGPU canvas. */
const VULKAN = ['--use-angle=swiftshader', '--enable-features=Vulkan', '--use-vulkan=swiftshader'];

for (const [path, flags, reads] of [
  ['host', [], 1],
  ['device', VULKAN, 0],
] as const) {
  test(`what a canvas shows is what a Translator makes, and ${reads} read-backs are needed: ${path}`, async () => {
    const entry = resolve('kernels-test/web/canvas-page.ts');
    const { outputFiles } = await build({ entryPoints: [entry], bundle: true, format: 'esm', write: false, ...sources });
    const program = outputFiles![0]!.text;
    const server = createServer(({ url }, response) => {
      response.setHeader('content-type', url === '/page.js' ? 'text/javascript' : 'text/html');
      response.end(url === '/page.js' ? program : '<!doctype html><body><script type="module" src="page.js"></script>');
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { browser } = await launchChromium(['--enable-unsafe-webgpu', ...flags]);
    try {
      const page = await browser.newPage();
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
      await page.waitForFunction('globalThis.compare');
      const { worst, ...rest } = (await page.evaluate(`compare('${path}')`)) as { worst: number };
      assert.ok(worst <= 1, `${worst} / 255 apart`);
      assert.equal(rest, {
        drawn: { dropped: false, input: 'device', output: path },
        readsOfDraw: reads,
        isPicture: true,
        dropped: [false, true, true, false],
        unready: 'IMAGE_NOT_READY',
        disposed: 'USE_AFTER_FREE',
        left: 0,
      });
    } finally {
      await browser.close();
      server.closeAllConnections();
      server.close();
    }
  });
}

test.run();
