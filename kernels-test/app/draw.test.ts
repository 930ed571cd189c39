// first driver only: it starts a browser, which has an adapter of its own
import { readFile } from 'node:fs/promises';
import type { BrowserContextOptions, Locator, Page } from 'playwright-core';
import { PNG } from 'pngjs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeWeights } from '../../src/exchange/write-weights.js';
import pictGolden from '../goldens/pict.json';
import { barriers, openApp, shot, smallModel, type TestApp } from '../harness/app.js';
import { launchChromium } from '../harness/bundles.js';
import { formulaPict } from '../harness/pict-golden.js';
import { zipOf } from '../harness/pytorch-golden.js';
import { goldenModel } from '../harness/tfjs-golden.js';
import { collect, formulaNetwork } from '../harness/weights.js';

const SIDE = 64;
const PHONE: BrowserContextOptions = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };

let app: TestApp;
/** The page at a desk: keys alone draw on it first. */
let desk: Awaited<ReturnType<TestApp['open']>>;
test.before(async () => {
  // A camera that is none, and nobody who has to be asked.
  const camera = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];
  app = await openApp([await smallModel({ kind: 'unet', options: { size: SIDE, ngf: 4, norm: 'instance' } })], camera);
  desk = await app.open('', { viewport: { width: 1280, height: 800 }, colorScheme: 'light' });
});
test.after(() => app.close());

/** A drawing page as somebody sees it. */
class Easel {
  readonly sheet: Locator;
  readonly result: Locator;

  constructor(readonly page: Page) {
    this.sheet = page.getByRole('application', { name: /^Drawing/ });
    this.result = page.getByRole('img', { name: 'What the model makes of the drawing' });
  }

  button(name: string | RegExp): Locator {
    return this.page.getByRole('button', { name, exact: true });
  }

  /** The colours of the drawing, or of the result, as they lie on its canvas. */
  async pixels(of: 'drawing' | 'result'): Promise<string> {
    const canvas = of === 'drawing' ? this.sheet.locator('canvas') : this.result;
    return canvas.evaluate((each) => {
      const { width, height } = each as HTMLCanvasElement;
      return (each as HTMLCanvasElement).getContext('2d')!.getImageData(0, 0, width, height).data.join();
    });
  }

  /** The colour of a pixel of the drawing. */
  async colour(x: number, y: number): Promise<number[]> {
    const pixels = (await this.pixels('drawing')).split(',').map(Number);
    const at = 4 * (y * SIDE + x);
    return pixels.slice(at, at + 3);
  }

  /** The result once nothing runs any more. */
  async settled(): Promise<string> {
    await this.page.getByText(/^Translated in/).waitFor({ timeout: 60_000 });
    return this.pixels('result');
  }

  /** Waits until the result is such. */
  async resultIs(isSuch: (pixels: string) => boolean, words: string): Promise<void> {
    for (const end = Date.now() + 30_000; !isSuch(await this.pixels('result')); ) {
      if (Date.now() > end) throw new Error(`the result never was ${words}`);
      await this.page.waitForTimeout(20);
    }
  }

  /** Where a pixel of the drawing lies on the page. */
  async place(x: number, y: number): Promise<{ x: number; y: number }> {
    const box = (await this.sheet.boundingBox())!;
    return { x: box.x + ((x + 0.5) / SIDE) * box.width, y: box.y + ((y + 0.5) / SIDE) * box.height };
  }

  /** Draws with the mouse from one pixel to another. */
  async drag(from: readonly [number, number], to: readonly [number, number]): Promise<void> {
    const [first, last] = [await this.place(...from), await this.place(...to)];
    await this.page.mouse.move(first.x, first.y);
    await this.page.mouse.down();
    await this.page.mouse.move(last.x, last.y, { steps: 3 });
    await this.page.mouse.up();
  }
}

/** A swatch's colour, as its button shows it. */
const swatchColour = (button: Locator): Promise<number[]> =>
  button.locator('.dot').evaluate((dot) => getComputedStyle(dot).backgroundColor.match(/\d+/g)!.map(Number));

test('keys alone: tool, colour, cursor, a rectangle, leaving off, undo', async () => {
  const { page, problems } = desk;
  const easel = new Easel(page);
  const first = await easel.settled();
  const before = await easel.pixels('drawing');
  for (let tabs = 0; !(await easel.sheet.evaluate((each) => each === document.activeElement)); tabs++) {
    assert.ok(tabs < 20, 'the drawing is not among the first stops of Tab');
    await page.keyboard.press('Tab');
  }
  await page.keyboard.press('b');
  await page.getByText('Brush chosen').waitFor();
  await page.keyboard.press('r');
  await page.keyboard.press('5');
  const swatch = page.getByRole('region', { name: 'Palette' }).getByRole('button', { pressed: true });
  assert.is(await swatch.getAttribute('aria-keyshortcuts'), '5');
  for (const key of ['Shift+ArrowLeft', 'ArrowUp', 'Space', 'Shift+ArrowRight', 'Shift+ArrowDown', 'Space']) await page.keyboard.press(key);
  await page.getByText('Rectangle done').waitFor();
  const colour = await swatchColour(swatch);
  assert.equal([await easel.colour(24, 31), await easel.colour(32, 39)], [colour, colour]);
  await easel.resultIs((pixels) => pixels !== first, 'another one after a rectangle by keys');
  const drawn = await easel.pixels('drawing');
  for (const key of ['1', 'Enter', 'Shift+ArrowUp', 'Escape']) await page.keyboard.press(key);
  assert.is(await easel.pixels('drawing'), drawn);
  await shot(page, 'draw-keys');
  await page.keyboard.press('Control+z');
  assert.is(await easel.pixels('drawing'), before);
  await easel.resultIs((pixels) => pixels === first, 'the former one after undo by keys');
  assert.equal(problems, []);
});

test('a drag draws and is translated; undo and redo bring results back to the bit; what is saved and linked is what is seen', async () => {
  const { page, context, problems } = desk;
  const easel = new Easel(page);
  const first = await easel.settled();
  const before = await easel.pixels('drawing');

  const door = easel.button('door');
  await door.click();
  await easel.drag([8, 8], [40, 30]);
  const colour = await swatchColour(door);
  const corners = [await easel.colour(8, 8), await easel.colour(40, 30), await easel.colour(24, 20)];
  assert.equal(corners, [colour, colour, colour]);
  assert.is.not(await easel.pixels('drawing'), before);
  await easel.resultIs((pixels) => pixels !== first, 'another one after a rectangle');
  const second = await easel.settled();

  await easel.button('Undo').click();
  assert.is(await easel.pixels('drawing'), before);
  await easel.resultIs((pixels) => pixels === first, 'the former one after undo');
  await easel.button('Redo').click();
  await easel.resultIs((pixels) => pixels === second, 'the later one after redo');

  await easel.button('Fill').click();
  await easel.button('shop').click();
  const inside = await easel.place(24, 20);
  await page.mouse.click(inside.x, inside.y);
  assert.equal(await easel.colour(8, 8), await swatchColour(easel.button('shop')));
  await easel.resultIs((pixels) => pixels !== second, 'another one after a fill');
  const third = await easel.settled();

  const saved = page.waitForEvent('download');
  await easel.button('Save result').click();
  const download = await saved;
  assert.is(download.suggestedFilename(), 'shadegrad-result.png');
  const { width, height, data } = PNG.sync.read(await readFile(await download.path()));
  assert.equal([width, height], [SIDE, SIDE]);
  assert.is(data.join(), third);

  await easel.button('Link to the drawing').click();
  const link = await page.getByLabel('Link', { exact: true }).inputValue();
  const drawing = await easel.pixels('drawing');
  assert.equal(await barriers(page), []);
  await shot(page, 'draw-desktop-light');
  assert.equal(problems, []);
  await context.close();

  const other = await app.open(link.slice(app.address.length), { colorScheme: 'dark', viewport: { width: 1280, height: 800 } });
  const copy = new Easel(other.page);
  assert.is(await copy.settled(), third);
  assert.is(await copy.pixels('drawing'), drawing);

  // The same link opens its drawing again, whatever was drawn since, which comes back with undo.
  await copy.button('Clear').click();
  const cleared = await copy.pixels('drawing');
  assert.is.not(cleared, drawing);
  await other.page.goto(link);
  await copy.resultIs((pixels) => pixels === third, 'the link’s after it was opened again');
  assert.is(await copy.pixels('drawing'), drawing);
  await other.page.goto(link.slice(0, -7));
  await other.page.getByText('The drawing of this link could not be opened').waitFor();
  await other.page.getByText(/cut off or changed/).waitFor();
  assert.is(await copy.pixels('drawing'), drawing);
  await copy.button('Undo').click();
  assert.is(await copy.pixels('drawing'), cleared);
  await shot(other.page, 'draw-desktop-dark');
  assert.equal(other.problems, []);
  await other.context.close();
});

test('on a phone a finger draws and does not scroll, one that pulls the page does; a file that is no model leaves the model', async () => {
  const { page, context, problems } = await app.open('', { ...PHONE, colorScheme: 'dark' });
  const easel = new Easel(page);
  const first = await easel.settled();
  const before = await easel.pixels('drawing');
  const session = await context.newCDPSession(page);
  const swipe = async (from: { x: number; y: number }, to: { x: number; y: number }): Promise<number> => {
    await session.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [from] });
    for (const share of [0.3, 0.6, 1]) {
      const point = { x: from.x + share * (to.x - from.x), y: from.y + share * (to.y - from.y) };
      await session.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: [point] });
    }
    await session.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
    return page.evaluate(() => new Promise<number>((done) => requestAnimationFrame(() => done(scrollY))));
  };
  await easel.button('Brush').tap();
  await easel.button('door').tap();
  assert.is(await swipe(await easel.place(20, 56), await easel.place(20, 4)), 0);
  assert.equal(await easel.colour(20, 30), await swatchColour(easel.button('door')));
  assert.is.not(await easel.pixels('drawing'), before);
  await easel.resultIs((pixels) => pixels !== first, 'another one after a stroke');
  assert.equal(await barriers(page), []);
  await shot(page, 'draw-phone-dark');
  assert.is(await page.evaluate(() => document.documentElement.scrollWidth), 360);

  const result = await easel.settled();
  const file = { name: 'holiday.safetensors', mimeType: 'application/octet-stream', buffer: Buffer.from('This is no model at all.') };
  await page.locator('input[type=file][aria-label="Open a file of weights"]').setInputFiles(file);
  await page.locator('.notice.problem').waitFor();
  await shot(page, 'draw-unreadable');
  assert.match((await page.locator('.notice.problem').textContent())!, /holiday\.safetensors/);
  assert.is(await page.getByLabel('Model', { exact: true }).inputValue(), 'small');
  await easel.button('Undo').tap();
  await easel.button('Redo').tap();
  await easel.resultIs((pixels) => pixels === result, 'that of the model from before');

  const heading = (await page.getByRole('heading', { name: 'Draw' }).boundingBox())!;
  const pulled = { x: heading.x + 5, y: heading.y + heading.height / 2 };
  assert.ok((await swipe(pulled, { x: pulled.x, y: pulled.y - 100 })) > 0, 'the page does not scroll at all');
  assert.equal(problems, []);
  await context.close();
});

/** A picture file of two colours, side by side. */
function twoColours(left: readonly number[], right: readonly number[]): Buffer {
  const png = new PNG({ width: SIDE, height: SIDE });
  for (let at = 0; at < SIDE * SIDE; at++) png.data.set([...(at % SIDE < SIDE / 2 ? left : right), 255], 4 * at);
  return PNG.sync.write(png);
}

test('pictures come in by drop, paste and camera, and go out by copy; a pen draws as wide as it is pressed', async () => {
  const { page, context, problems } = await app.open('', { viewport: { width: 1280, height: 800 } });
  await context.grantPermissions(['clipboard-read', 'clipboard-write', 'camera'], { origin: app.address });
  const easel = new Easel(page);
  await easel.settled();
  const [door, shop] = [await swatchColour(easel.button('door')), await swatchColour(easel.button('shop'))];

  const bytes = [...twoColours(door, shop)];
  const given = await page.evaluateHandle((file) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([Uint8Array.from(file)], 'two.png', { type: 'image/png' }));
    return transfer;
  }, bytes);
  await page.dispatchEvent('main', 'drop', { dataTransfer: given });
  await page.getByText('two.png is here: all its colours are of the palette.').waitFor();
  assert.equal([await easel.colour(3, 50), await easel.colour(60, 50)], [door, shop]);
  await easel.settled();

  const result = await easel.pixels('result');
  await easel.button('Copy result').click();
  await page.getByText('Picture copied').waitFor();
  const copied = await page.evaluate(async () => {
    const [item] = await navigator.clipboard.read();
    const context = new OffscreenCanvas(64, 64).getContext('2d')!;
    context.drawImage(await createImageBitmap(await item!.getType('image/png')), 0, 0);
    return context.getImageData(0, 0, 64, 64).data.join();
  });
  assert.is(copied, result);
  await easel.sheet.focus();
  await page.keyboard.press('Control+v');
  await page.getByText(/^What was pasted was brought to the nearest colours/).waitFor();
  assert.is.not((await easel.colour(3, 50)).join(), door.join(), 'the result lies in the place of the drawing');
  await easel.button('Undo').click();
  assert.equal(await easel.colour(3, 50), door);

  await easel.button('Camera').click();
  const still = page.getByRole('region', { name: 'Camera' });
  await still.getByRole('button', { name: 'Take it' }).click();
  await page.getByText(/^The picture was brought to the nearest colours/).waitFor();
  await still.waitFor({ state: 'detached' });
  const filmed = (await easel.pixels('drawing')).split(',');
  assert.ok(new Set(filmed).size > 3, 'the camera shows more than one colour');

  await easel.button('Clear').click();
  await easel.button('Brush').click();
  await easel.button('door').click();
  await page.getByRole('slider', { name: 'Size' }).fill('10');
  const session = await context.newCDPSession(page);
  const across: number[] = [];
  for (const [column, force] of [
    [16, 0.25],
    [48, 1],
  ] as const) {
    const [from, to] = [await easel.place(column, 20), await easel.place(column, 40)];
    const pen = { button: 'left', buttons: 1, clickCount: 1, pointerType: 'pen', force } as const;
    await session.send('Input.dispatchMouseEvent', { type: 'mousePressed', ...from, ...pen });
    await session.send('Input.dispatchMouseEvent', { type: 'mouseMoved', ...to, ...pen });
    await session.send('Input.dispatchMouseEvent', { type: 'mouseReleased', ...to, ...pen, buttons: 0, force: 0 });
    const pixels = (await easel.pixels('drawing')).split(',').map(Number);
    const row = pixels.slice(4 * 30 * SIDE, 4 * 31 * SIDE);
    across.push(
      Array.from({ length: 32 }, (_, x) => 4 * (column - 16 + x)).filter((at) => row[at] === door[0] && row[at + 1] === door[1]).length,
    );
  }
  // 0.4 and 1.2 times the pressure of the size.
  assert.equal(across, [7, 16]);
  await shot(page, 'draw-pen');
  assert.equal(problems, []);
  await context.close();
});

test('weights of other programs are opened by file: safetensors, PyTorch, .pict and TensorFlow.js, as files or as a zip', async () => {
  const { page, context, problems } = await app.open('', { viewport: { width: 1280, height: 800 } });
  const easel = new Easel(page);
  await easel.settled();
  const weights = formulaNetwork({ kind: 'unet', options: { size: 16, ngf: 2, norm: 'batch', dropoutBlocks: 'middle' } });
  const found = { weights, statistics: 'batch' } as Parameters<typeof encodeWeights>[0];
  const { json, files } = goldenModel(1, 0);
  const tfjs: [name: string, bytes: Uint8Array][] = [['model.json', Buffer.from(JSON.stringify(json))], ...files];
  const file = (name: string, bytes: Uint8Array) => ({ name, mimeType: 'application/octet-stream', buffer: Buffer.from(bytes) });
  const open = async (...chosen: ReturnType<typeof file>[]): Promise<string> => {
    const former = await easel.result.elementHandle();
    await page.locator('input[type=file][aria-label="Open a file of weights"]').setInputFiles(chosen);
    await page.getByRole('option', { name: new RegExp(chosen[0]!.name), selected: true }).waitFor({ state: 'attached' });
    // Each model has a canvas of its own.
    await page.waitForFunction((canvas) => !canvas!.isConnected, former);
    await page.getByRole('application', { name: 'Drawing, 16 by 16 pixels' }).waitFor();
    return easel.settled();
  };
  const ours = await open(file('ours.safetensors', await collect(encodeWeights(found, 'safetensors'))));
  assert.ok(new Set(ours.split(',')).size > 8, 'a picture with something in it');
  const torch = await open(file('latest_net_G.pth', await collect(encodeWeights(found, 'pytorch'))));
  assert.is(torch, ours);
  const pict = await open(file('demo.pict', formulaPict(pictGolden.cases[1]!.tensors)));
  assert.is.not(pict, ours);
  const parts = await open(...tfjs.map(([name, bytes]) => file(name, bytes)));
  const zipped = await open(
    file('tutorial.zip', await zipOf(...tfjs.map(([name, bytes]): [string, Uint8Array] => [`web_model/${name}`, bytes]))),
  );
  assert.is(zipped, parts);
  assert.is.not(parts, ours);
  assert.equal(problems, []);
  await context.close();
});

test('on a GPU results stay on the device; what is saved is what is shown, also after variants', async () => {
  // Chromium can show a WebGPU canvas on a CPU only by Vulkan, and the library would not try it.
  const vulkan = ['--enable-unsafe-webgpu', '--use-angle=swiftshader', '--enable-features=Vulkan', '--use-vulkan=swiftshader'];
  const browser = await launchChromium(vulkan);
  try {
    const page = await (await browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage();
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(error.stack ?? error.message));
    await page.addInitScript(() => {
      for (const name of ['architecture', 'device', 'description'])
        Object.defineProperty(GPUAdapterInfo.prototype, name, { get: () => 'a GPU' });
    });
    await page.goto(app.address);
    const easel = new Easel(page);
    const translated = page.getByText(/^Translated in/);
    await translated.waitFor({ timeout: 60_000 });
    assert.is(await easel.result.evaluate((canvas) => (canvas as HTMLCanvasElement).getContext('2d')), null, 'it has a WebGPU context');
    const save = async (): Promise<string> => {
      const saved = page.waitForEvent('download');
      await easel.button('Save result').click();
      return PNG.sync.read(await readFile(await (await saved).path())).data.join();
    };
    /** How far what is seen is from pixels, in the middle of some of them, of which scaling leaves the colour. */
    const seenFrom = async (pixels: string): Promise<number> => {
      const [saved, { width, height, data }] = [pixels.split(',').map(Number), PNG.sync.read(await easel.result.screenshot())];
      let sum = 0;
      for (let x = 4; x < SIDE - 4; x++) {
        const y = (x * 29) % SIDE;
        const at = 4 * (Math.floor(((y + 0.5) / SIDE) * height) * width + Math.floor(((x + 0.5) / SIDE) * width));
        for (let c = 0; c < 3; c++) sum += Math.abs(data[at + c]! - saved[4 * (y * SIDE + x) + c]!);
      }
      return sum / (3 * (SIDE - 8));
    };
    const first = await save();
    const firstSeen = await seenFrom(first);
    assert.ok(firstSeen < 8, `what is seen is ${firstSeen} of 255 from what is saved`);

    await easel.button('Variants').click();
    const strip = page.getByRole('region', { name: 'Variants' });
    for (let at = 0; at < 6; at++) await strip.getByRole('button', { name: /^Seed/, disabled: false }).nth(at).waitFor({ timeout: 60_000 });
    await translated.waitFor();
    assert.is(await save(), first, 'variants have not touched it');
    const tile = strip.getByRole('button', { name: /^Seed/ }).nth(2);
    const variant = await tile
      .locator('canvas')
      .evaluate((canvas) => (canvas as HTMLCanvasElement).getContext('2d')!.getImageData(0, 0, 64, 64).data.join());
    await tile.click();
    await strip.getByRole('button', { pressed: true }).waitFor();
    await translated.waitFor();
    assert.is(await save(), variant, 'a variant that is taken is what is saved');
    const variantSeen = await seenFrom(variant);
    assert.ok(variantSeen < 8 && (await seenFrom(first)) > variantSeen, `what is seen is ${variantSeen} of 255 from the variant`);
    await shot(page, 'draw-device');
    assert.equal(problems, []);
  } finally {
    await browser.close();
  }
});

for (const [title, words, prepare] of [
  [
    'without WebGPU one is told so in plain words, and draws all the same',
    [/This browser offers no WebGPU/, /Without WebGPU no model can run here/],
    (page: Page) => page.addInitScript(() => void Reflect.deleteProperty(Navigator.prototype, 'gpu')),
  ],
  [
    'without a model one is told what to do, and draws all the same',
    [/No model is here to translate the drawing/],
    (page: Page) => page.route('**/models/catalogue.json', (route) => route.fulfill({ json: { models: [] } })),
  ],
] as const) {
  test(title, async () => {
    const { page, context, problems } = await app.open('icon.svg', { ...PHONE, colorScheme: 'light' });
    await prepare(page);
    await page.goto(app.address);
    for (const each of words) await page.getByText(each).first().waitFor();
    const easel = new Easel(page);
    await easel.button('door').tap();
    const size = Number(/, (\d+) by/.exec((await easel.sheet.getAttribute('aria-label'))!)![1]);
    const before = await easel.pixels('drawing');
    // What one is told takes its room: the drawing may lie below it.
    await easel.sheet.evaluate((each) => each.scrollIntoView({ block: 'center' }));
    const box = (await easel.sheet.boundingBox())!;
    await page.touchscreen.tap(box.x + box.width / 2, box.y + box.height / 2);
    assert.is.not(await easel.pixels('drawing'), before, `a drawing of ${size} pixels`);
    await easel.button('Undo').tap();
    assert.is(await easel.pixels('drawing'), before);
    assert.is(await easel.button('Save result').isDisabled(), true);
    const saved = page.waitForEvent('download');
    await easel.button('Save drawing').tap();
    const { width, data } = PNG.sync.read(await readFile(await (await saved).path()));
    assert.equal([width, data.join()], [size, before]);
    assert.equal(await barriers(page), []);
    assert.is(await page.evaluate(() => document.documentElement.scrollWidth), 360);
    await page.evaluate(() => scrollTo(0, 0));
    await shot(page, title.startsWith('without W') ? 'draw-no-webgpu' : 'draw-no-model');
    assert.equal(
      problems.filter((each) => !/404/.test(each)),
      [],
    );
    await context.close();
  });
}

test.run();
