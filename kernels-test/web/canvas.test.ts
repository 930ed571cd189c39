// first driver only: it starts browsers of its own
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type BuildOptions } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const script = <T>(name: string): Promise<T> => import(pathToFileURL(resolve('scripts/lib', name)).href) as Promise<T>;
const { sources } = await script<{ sources: BuildOptions }>('sources.js');
const { launchChromium } = await script<{ launchChromium(flags: string[]): Promise<{ browser: Browser }> }>('chromium.js');

/** Without Vulkan, Chromium on a CPU loses the device over a WebGPU canvas. */
const VULKAN = ['--use-angle=swiftshader', '--enable-features=Vulkan', '--use-vulkan=swiftshader'];

let server: Server;
test.before(async () => {
  const entry = resolve('kernels-test/web/canvas-page.ts');
  const { outputFiles } = await build({ entryPoints: [entry], bundle: true, format: 'esm', write: false, ...sources });
  const program = outputFiles![0]!.text;
  server = createServer(({ url }, response) => {
    response.setHeader('content-type', url === '/page.js' ? 'text/javascript' : 'text/html');
    response.end(url === '/page.js' ? program : '<!doctype html><body><script type="module" src="page.js"></script>');
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
});
test.after(() => {
  server.closeAllConnections();
  server.close();
});

async function withPage(flags: readonly string[], body: (page: Page) => Promise<void>): Promise<void> {
  const { browser } = await launchChromium(['--enable-unsafe-webgpu', ...flags]);
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await page.waitForFunction('globalThis.compare');
    await body(page);
  } finally {
    await browser.close();
  }
}

for (const [path, flags, reads] of [
  ['host', [], 1],
  ['device', VULKAN, 0],
] as const) {
  test(`${path}: a canvas shows what a Translator makes, with ${reads} read-backs; tensors, losses and workers`, async () => {
    await withPage(flags, async (page) => {
      const { worst, worstOfOther, ...rest } = (await page.evaluate(`compare('${path}')`)) as Record<string, number>;
      assert.ok(worst! <= 1 && worstOfOther! <= 1, `${worst} and ${worstOfOther} of 255 apart`);
      assert.equal(rest, {
        drawn: { dropped: false, input: 'device', output: path },
        readsOfDraw: reads,
        none: null,
        isPicture: true,
        asSeen: 0,
        differsFromOther: true,
        dropped: [false, true, true, false],
        unready: 'IMAGE_NOT_READY',
        ended: [{ dropped: true }, { dropped: true }, null],
        isUntouched: true,
        disposed: ['USE_AFTER_FREE', 'USE_AFTER_FREE'],
        left: 0,
      });

      assert.equal(await page.evaluate(`results('${path}')`), {
        differing: Object.fromEntries(
          [3, 1].flatMap((channels) =>
            [`canvas of ${channels}, ${path}`, `ImageData of ${channels}`, `ImageBitmap of ${channels}`].map((name) => [name, 0]),
          ),
        ),
        ofFrame: true,
        refused: {
          ...{ wide: 'SHAPE_MISMATCH', two: 'SHAPE_MISMATCH', flat: 'SHAPE_MISMATCH', bytes: 'INVALID_ARGUMENT', gone: 'USE_AFTER_FREE' },
          ...{ numbers: 'INVALID_ARGUMENT', context: 'INVALID_ARGUMENT', noCanvas: 'INVALID_ARGUMENT', recorded: 'RECORDING' },
        },
        isFree: true,
      });

      assert.equal(await page.evaluate(`lost('${path}')`), {
        codes: ['DEVICE_LOST', 'DEVICE_LOST'],
        running: true,
        drawn: { dropped: false, input: 'host', output: path },
        isPicture: true,
      });

      assert.equal(await page.evaluate(`inWorker('${path}')`), {
        drawn: { dropped: false, input: path, output: path },
        worst: 0,
        sides: [16, 16],
        transferred: 'INVALID_ARGUMENT',
      });
    });
  });
}

test('sources of every kind as tensors, beside float64; codings and labels as a Translator has them', async () => {
  await withPage(VULKAN, async (page) => {
    const { worst, ...rest } = (await page.evaluate('sources()')) as { worst: Record<string, number> };
    for (const [name, off] of Object.entries(worst)) {
      // A browser keeps colours that are multiplied by alpha, in eight bits, but for ImageData.
      const most = /^(?:ImageData|opaque|VideoFrame)/.test(name) ? 0 : 2;
      assert.ok(off <= most + 1e-3, `${name}: ${off} of 255 apart`);
    }
    assert.is(Object.keys(worst).length, 12);
    assert.equal(rest, {
      resized: { stretch: 0, cover: 0, contain: 0 },
      refused: {
        ...{ closed: 'IMAGE_SIZE', noSource: 'INVALID_ARGUMENT', video: 'IMAGE_NOT_READY', channels: 'INVALID_ARGUMENT' },
        ...{ size: 'INVALID_ARGUMENT', background: 'INVALID_ARGUMENT', name: 'INVALID_ARGUMENT', recorded: 'RECORDING' },
        order: 'INVALID_ARGUMENT',
      },
      destroyed: 'DEVICE_LOST',
      left: 0,
    });

    const { found, refused, tensors } = (await page.evaluate("codings('device')")) as Record<string, Record<string, unknown>>;
    const host = { dropped: false, input: 'host', output: 'device' };
    assert.equal(found, {
      'classes to colours': [host, 0, true],
      'colours to a palette': [host, 0, true],
      'lightness to chroma': [{ dropped: false, input: 'host', output: 'host' }, 0, true],
      'colours to five channels': [host, 0, true],
      labels: [host, 0, true],
      'grey to grey': [host, 0, true],
    });
    assert.equal(
      Object.entries(refused!).filter(([, code]) => code !== 'INVALID_ARGUMENT'),
      [],
    );
    console.log(`tensors of generators: ${String(tensors)}`);
  });
});

test.run();
