// first driver only: it starts a browser, which has an adapter of its own
import { readFile } from 'node:fs/promises';
import type { Locator, Page } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PALETTES } from '../../src/data/palettes/registry.js';
import { barriers, openApp, shot, smallModel, type TestApp } from '../harness/app.js';

const SIDE = 64;
// Buttons change their colours at once where one wants little motion: they are looked at right after.
const DESK = { viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' } as const;
const PHONE = { viewport: { width: 360, height: 740 }, reducedMotion: 'reduce' } as const;

let app: TestApp;
let stage: Stage;
test.before(async () => {
  const model = (title: string, ngf: number): ReturnType<typeof smallModel> =>
    smallModel({ kind: 'unet', options: { size: SIDE, ngf, norm: 'instance' } }, { id: title.toLowerCase(), title, input: 'pictures' });
  app = await openApp(
    [await model('Small', 4), await model('Wide', 8)],
    ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'],
  );
  stage = await Stage.open(DESK);
});
test.after(() => app.close());

/** What the page's program notes for the test, and what it may be told to do. */
interface Props {
  /** Each stream that the page was given. */
  readonly streams: MediaStream[];
  readonly devices: GPUDevice[];
  /** Reads of results that run, and the most that ran at the same time. */
  reads: number;
  mostReads: number;
  /** How long each read is made to take, in milliseconds. */
  slowness: number;
  /** How often the browser has no adapter. */
  absences: number;
  /** Whether buffers find no memory. */
  isFull: boolean;
  /** What asking for a camera fails with, by the name of the browser's error. */
  refusal: string | null;
  /** What the screen shows: its left and right halves. */
  colours: [left: string, right: string];
}
declare const props: Props;

/** Runs in the page before its program. */
function prepare(): void {
  const state: Props = {
    streams: [],
    devices: [],
    reads: 0,
    mostReads: 0,
    slowness: 0,
    absences: 0,
    isFull: false,
    refusal: null,
    colours: ['red', 'blue'],
  };
  Object.assign(globalThis, { props: state });
  const { mediaDevices } = navigator;
  const getUserMedia = mediaDevices.getUserMedia.bind(mediaDevices);
  mediaDevices.getUserMedia = async (asked) => {
    if (state.refusal) throw new DOMException('as the test says', state.refusal);
    const stream = await getUserMedia(asked);
    state.streams.push(stream);
    return stream;
  };
  mediaDevices.getDisplayMedia = async () => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 128, height: 128 });
    const context = canvas.getContext('2d')!;
    const paint = (): void => {
      for (const [at, colour] of state.colours.entries()) {
        context.fillStyle = colour;
        context.fillRect(64 * at, 0, 64, 128);
      }
    };
    paint();
    const stream = canvas.captureStream(30);
    const timer = setInterval(() => (stream.active ? paint() : clearInterval(timer)), 20);
    state.streams.push(stream);
    return stream;
  };
  if (!('gpu' in navigator)) return;
  const requestAdapter = navigator.gpu.requestAdapter.bind(navigator.gpu);
  navigator.gpu.requestAdapter = async (...asked) => (state.absences-- > 0 ? null : requestAdapter(...asked));
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = async function (this: GPUAdapter, ...asked) {
    const device = await requestDevice.apply(this, asked);
    state.devices.push(device);
    return device;
  };
  const { mapAsync } = GPUBuffer.prototype;
  GPUBuffer.prototype.mapAsync = async function (this: GPUBuffer, ...asked) {
    state.mostReads = Math.max(state.mostReads, ++state.reads);
    try {
      await mapAsync.apply(this, asked);
      if (state.slowness > 0) await new Promise((done) => setTimeout(done, state.slowness));
    } finally {
      state.reads--;
    }
    return undefined;
  };
  const { pushErrorScope, popErrorScope } = GPUDevice.prototype;
  const scopes: string[] = [];
  GPUDevice.prototype.pushErrorScope = function (this: GPUDevice, filter) {
    scopes.push(filter);
    return pushErrorScope.call(this, filter);
  };
  GPUDevice.prototype.popErrorScope = async function (this: GPUDevice) {
    const filter = scopes.pop();
    const error = await popErrorScope.call(this);
    return state.isFull && filter === 'out-of-memory' ? new GPUOutOfMemoryError('as the test says') : error;
  };
}

/** The page as somebody sees it. */
class Stage {
  readonly input: Locator;
  readonly output: Locator;

  private constructor(
    readonly page: Page,
    readonly problems: string[],
    readonly close: () => Promise<void>,
  ) {
    this.input = page.getByRole('img', { name: 'What the model is given' });
    this.output = page.getByRole('img', { name: 'What the model makes of it' });
  }

  static async open(options: Parameters<TestApp['open']>[1], before: (page: Page) => Promise<unknown> = async () => {}): Promise<Stage> {
    const { page, context, problems } = await app.open('icon.svg', options);
    page.setDefaultTimeout(15_000);
    await before(page);
    await page.addInitScript(prepare);
    await page.goto(`${app.address}#/camera`);
    await page.getByRole('heading', { name: 'Camera' }).waitFor();
    return new Stage(page, problems, () => context.close());
  }

  button(name: string | RegExp): Locator {
    return this.page.getByRole('button', { name, exact: true });
  }

  /** Uses a button as one does without a mouse. */
  press(name: string | RegExp): Promise<void> {
    return this.button(name).press('Enter');
  }

  /** Begins with a source, and waits until a few of its frames have been translated. */
  async start(name: string, words: string): Promise<void> {
    await this.press(name);
    await this.says(words);
    await this.frames();
  }

  /** Waits until the page says something, in its line or in a notice. */
  says(words: string | RegExp): Promise<void> {
    return this.page.getByText(words).first().waitFor();
  }

  count(what: 'translated' | 'dropped'): Promise<number> {
    return this.page.locator(`[data-count=${what}]`).evaluate((each) => Number(each.textContent!.replaceAll(',', '')));
  }

  /** Waits until so many more frames have been translated. */
  async frames(more = 3): Promise<void> {
    const wanted = (await this.count('translated')) + more;
    await this.page.waitForFunction(
      (least) => Number(document.querySelector('[data-count=translated]')!.textContent!.replaceAll(',', '')) >= least,
      wanted,
    );
  }

  /** The bytes that lie on a canvas: four a pixel. */
  async pixels(of: Locator): Promise<number[]> {
    const bytes = await of.evaluate((each) => {
      const { width, height } = each as HTMLCanvasElement;
      return (each as HTMLCanvasElement).getContext('2d')!.getImageData(0, 0, width, height).data.join();
    });
    return bytes.split(',').map(Number);
  }

  /** Waits until the colours of what the model is given are such. */
  async inputIs(isSuch: (colours: Set<string>) => boolean, words: string): Promise<void> {
    await this.until(async () => isSuch(coloursOf(await this.pixels(this.input))), words);
  }

  async until(is: () => Promise<boolean>, words: string): Promise<void> {
    for (const end = Date.now() + 20_000; !(await is()); await this.page.waitForTimeout(20)) {
      if (Date.now() > end) throw new Error(`never came: ${words}`);
    }
  }

  /** Tracks that still film. */
  live(): Promise<number> {
    return this.page.evaluate(() => props.streams.flatMap((each) => each.getTracks()).filter((each) => each.readyState === 'live').length);
  }

  /** Puts the tab out of sight, or in sight again. */
  async hide(isHidden: boolean): Promise<void> {
    await this.page.evaluate((hidden) => {
      Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    }, isHidden);
  }

  /** Looks at it with axe-core, on a desk and on a phone, in light and in the dark. */
  async look(name: string): Promise<void> {
    const { page } = this;
    for (const [place, { viewport }] of Object.entries({ desk: DESK, phone: PHONE })) {
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.setViewportSize(viewport);
        await page.emulateMedia({ colorScheme });
        assert.equal(await barriers(page), [], `${name}, ${place}, ${colorScheme}`);
        const width = await page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(width <= viewport.width, `${name} is ${width} px wide on a ${place}`);
        await shot(page, `camera-${name}-${place}-${colorScheme}`);
      }
    }
    await page.setViewportSize(DESK.viewport);
  }
}

/** The colours of a picture, each once. */
const coloursOf = (bytes: readonly number[]): Set<string> =>
  new Set(Array.from({ length: bytes.length / 4 }, (_, at) => bytes.slice(4 * at, 4 * at + 3).join()));

test('a camera, from the keyboard: the picture changes with it, is held to the byte, and frames are dropped, never queued', async () => {
  await stage.look('before');
  await stage.start('Start the camera', 'The camera is on.');
  const [first, given] = [await stage.pixels(stage.output), await stage.pixels(stage.input)];
  assert.is(first.length, 4 * SIDE * SIDE);
  await stage.until(async () => (await stage.pixels(stage.input)).join() !== given.join(), 'another picture of the camera');
  await stage.until(async () => (await stage.pixels(stage.output)).join() !== first.join(), 'another picture of the model');
  assert.ok(coloursOf(await stage.pixels(stage.output)).size > 10, 'the model makes one colour');

  // Slow enough that frames come meanwhile, on any machine.
  await stage.page.evaluate(() => Object.assign(props, { slowness: 150, mostReads: 0 }));
  const before = await stage.count('dropped');
  await stage.frames();
  assert.ok((await stage.count('dropped')) > before, 'no frame was dropped');
  assert.is(await stage.page.evaluate(() => props.mostReads), 1, 'translations at the same time');
  await stage.page.evaluate(() => Object.assign(props, { slowness: 0 }));

  await stage.press('Freeze');
  await stage.says('The picture is held.');
  const [held, input] = [await stage.pixels(stage.output), await stage.pixels(stage.input)];
  const time = await stage.page.evaluate(() => document.querySelector('video')!.currentTime);
  await stage.page.waitForFunction((from) => document.querySelector('video')!.currentTime > from + 0.3, time);
  assert.equal(await stage.pixels(stage.output), held);
  assert.equal(await stage.pixels(stage.input), input);
  await stage.look('held');
  await stage.press('Freeze');
  await stage.until(async () => (await stage.pixels(stage.output)).join() !== held.join(), 'another picture after it was held');
});

test('a recording is a film that plays, which goes through the model as any video does', async () => {
  await stage.press('Record');
  await stage.button(/^Stop recording/).waitFor();
  await stage.frames(8);
  const download = stage.page.waitForEvent('download');
  await stage.press(/^Stop recording/);
  const saved = await download;
  assert.is(saved.suggestedFilename(), 'shadegrad-camera.webm');
  const buffer = await readFile(await saved.path());
  assert.ok(buffer.length > 1000, `${buffer.length} bytes`);

  const choose = stage.page.locator('input[type=file][aria-label="Open a video"]');
  await choose.setInputFiles({ name: 'film.webm', mimeType: 'video/webm', buffer });
  await stage.says('The video is on.');
  assert.is(await stage.live(), 0, 'the camera is still on');
  assert.is(await stage.page.evaluate(() => document.querySelector('video')!.videoWidth), SIDE);
  const input = await stage.pixels(stage.input);
  await stage.frames();
  await stage.until(async () => (await stage.pixels(stage.input)).join() !== input.join(), 'another picture of the video');

  await stage.page.evaluate(() => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File(['No film at all.'], 'notes.webm', { type: 'video/webm' }));
    document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
  });
  await stage.says('“notes.webm” cannot be played');
  assert.is(await stage.button('Stop').isDisabled(), true);
});

test('the screen: filters change what the model is given, mirror turns it round, smoothing comes to it slowly', async () => {
  const { page } = stage;
  await stage.start('Show the screen', 'The screen is on.');
  const left = async (): Promise<number[]> => (await stage.pixels(stage.input)).slice(0, 3);
  await stage.until(async () => (await left())[0]! > 200, 'red on the left');
  await page.getByLabel('Mirror').press('Space');
  await stage.until(async () => (await left())[2]! > 200, 'blue on the left');

  const filter = page.getByLabel('Before the model');
  await filter.selectOption({ label: 'Edges' });
  await stage.inputIs((colours) => colours.size === 2 && colours.has('0,0,0') && colours.has('255,255,255'), 'black lines on white');
  await page.getByLabel('Coarseness').press('End');
  await page.getByLabel('Threshold').press('End');
  await stage.inputIs((colours) => colours.size === 1 && colours.has('255,255,255'), 'no lines above the highest threshold');
  await stage.look('filter');
  await filter.selectOption({ label: 'Palette' });
  const { facades } = PALETTES;
  const allowed = new Set(facades!.classes.map(({ colour }) => colour.join()));
  await stage.inputIs((colours) => [...colours].every((each) => allowed.has(each)), 'the colours of the palette');
  await filter.selectOption({ label: 'Blur' });
  await page.getByLabel('Radius').press('End');
  await stage.inputIs((colours) => colours.size > 10, 'a soft seam of many colours');
  await filter.selectOption({ label: 'None' });

  await stage.frames();
  const before = await stage.pixels(stage.output);
  await page.getByLabel('Smoothing').press('End');
  await stage.says('95 %');
  await stage.frames();
  const distance = async (): Promise<number> => {
    const now = await stage.pixels(stage.output);
    return now.reduce((sum, value, at) => sum + Math.abs(value - before[at]!), 0);
  };
  await page.evaluate(() => (props.colours = ['yellow', 'black']));
  const seen = new Set<number>();
  await stage.until(async () => seen.add(await distance()).size > 4, 'pictures between the one before and the one after');
  await page.getByLabel('Smoothing').press('Home');
  await stage.press('Stop');
  await stage.says('Stopped.');
  assert.is(await stage.live(), 0);
});

test('out of sight the camera is off, and goes on after; a lost device is replaced once by itself, then by a button', async () => {
  const { page } = stage;
  await stage.start('Start the camera', 'The camera is on.');
  await stage.press('Freeze');
  await stage.hide(true);
  await stage.says('The camera is off while this page is out of sight.');
  assert.is(await stage.live(), 0);
  await stage.hide(false);
  await stage.says('The camera was off while this page was out of sight, and goes on.');
  assert.is(await stage.live(), 1);
  assert.is(await stage.button('Freeze').getAttribute('aria-pressed'), 'true');
  await stage.press('Freeze');
  await stage.frames();

  // Right after a loss the browser may have no adapter.
  await page.evaluate(() => {
    props.absences = 1;
    props.devices.at(-1)!.destroy();
  });
  await stage.says(/It is opened again, and the model loaded anew/);
  await stage.frames();
  assert.is(await page.evaluate(() => props.devices.length), 2);
  await page.evaluate(() => props.devices.at(-1)!.destroy());
  await stage.says(/It happened twice in a minute/);
  await stage.says('The picture stands still until the graphics processor is back.');
  await stage.look('lost');
  await stage.press('Start again');
  await stage.says('It goes on.');
  await stage.frames();

  // A wider model needs new buffers.
  await stage.press('Stop');
  await page.evaluate(() => Object.assign(props, { isFull: true }));
  await page.getByRole('combobox', { name: 'Model', exact: true }).selectOption('wide');
  await stage.says('Not enough memory on the graphics processor');
  await page.evaluate(() => Object.assign(props, { isFull: false }));
  await stage.press('Try again');
  await stage.start('Start the camera', 'The camera is on.');

  // Lost while a model is being loaded.
  await page.evaluate(() => {
    const select = document.querySelector<HTMLSelectElement>('.picker select')!;
    select.value = 'small';
    select.dispatchEvent(new Event('change', { bubbles: true }));
    props.devices.at(-1)!.destroy();
  });
  await stage.press('Start again');
  await stage.frames();
});

test('the page that is left films nobody, also where it had only begun; refusals are told in plain words', async () => {
  const { page } = stage;
  const pages = page.getByRole('navigation', { name: 'Pages' });
  await pages.getByRole('link', { name: 'Learn' }).click();
  await stage.says('The camera was turned off');
  assert.is(await stage.live(), 0);
  assert.is(await page.locator('video').count(), 0);
  await pages.getByRole('link', { name: 'Camera' }).click();
  await stage.button('Start the camera').waitFor();
  const given = await page.evaluate(() => props.streams.length);
  // Both before the camera can be there.
  await page.evaluate(() => {
    [...document.querySelectorAll('button')].find((each) => each.textContent === 'Start the camera')!.click();
    location.hash = '#/learn';
  });
  await page.getByRole('heading', { name: 'Learn', level: 1 }).waitFor();
  await stage.until(async () => (await page.evaluate(() => props.streams.length)) > given, 'the camera');
  await stage.until(async () => (await stage.live()) === 0, 'the end of the camera');
  assert.is(await page.locator('video').count(), 0);

  await pages.getByRole('link', { name: 'Camera' }).click();
  for (const [refusal, words] of [
    ['NotFoundError', 'There is no camera'],
    ['NotReadableError', 'The camera cannot be read'],
  ] as const) {
    await page.evaluate((name) => (props.refusal = name), refusal);
    await stage.press('Start the camera');
    await stage.says(words);
  }
  assert.equal(stage.problems, []);
  await stage.close();
});

test('without WebGPU filters work; a camera that is not allowed is told, and the page goes on', async () => {
  const bare = await Stage.open(PHONE, (page) => page.addInitScript(() => void Reflect.deleteProperty(Navigator.prototype, 'gpu')));
  await bare.says('This browser offers no WebGPU');
  await bare.page.evaluate(() => (props.refusal = 'NotAllowedError'));
  await bare.press('Start the camera');
  await bare.says('The camera was not allowed');
  await bare.look('refused');
  await bare.press('Show the screen');
  await bare.says('Without WebGPU no model can run here. The filters work all the same.');
  await bare.page.getByLabel('Before the model').selectOption({ label: 'Edges' });
  await bare.inputIs((colours) => colours.size === 2, 'black lines on white');
  assert.equal(bare.problems, []);
  await bare.close();
});

test.run();
