// first driver only: it starts a browser, which has an adapter of its own
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { BrowserContextOptions, Locator, Page } from 'playwright-core';
import { PNG } from 'pngjs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openApp, smallModel, type TestApp } from '../harness/app.js';

const SIDE = 64;
const PHONE: BrowserContextOptions = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };

let app: TestApp;
/** The page at a desk: keys alone draw on it first. */
let desk: Awaited<ReturnType<TestApp['open']>>;
test.before(async () => {
  app = await openApp([await smallModel({ kind: 'unet', options: { size: SIDE, ngf: 4, norm: 'instance' } })]);
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

async function barriers(page: Page): Promise<string[]> {
  await page.addScriptTag({ path: createRequire(import.meta.url).resolve('axe-core/axe.min.js') });
  const { violations } = (await page.evaluate('axe.run()')) as { violations: { id: string; nodes: { html: string }[] }[] };
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}

async function shot(page: Page, name: string): Promise<void> {
  const folder = process.env.SHADEGRAD_SCREENSHOTS;
  if (folder) await page.screenshot({ path: `${folder}/${name}.png` });
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
