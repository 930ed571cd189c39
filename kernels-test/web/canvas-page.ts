import { codingsOf, type CodingOptions } from '../../src/data/codings/options.js';
import { labelMapOf } from '../../src/data/palettes/label-map.js';
import { PALETTES } from '../../src/data/palettes/registry.js';
import { resizeBicubic } from '../../src/data/resize.js';
import type { RgbImage } from '../../src/data/image.js';
import type { Gpu } from '../../src/gpu/gpu.js';
import type { Generator } from '../../src/models/kind.js';
import { registerNetwork } from '../../src/models/registry.js';
import { UNet } from '../../src/models/unet.js';
import { normal } from '../../src/nn/initializers.js';
import { Conv2d } from '../../src/nn/layers.js';
import type { ForwardOptions } from '../../src/nn/forward.js';
import { Module } from '../../src/nn/module.js';
import { CANVAS_FITS } from '../../src/web/canvas/fit.js';
import { CanvasTranslator, fromPixels, toCanvas, toImageBitmap, toImageData } from '../../src/web/canvas/index.js';
import type { CanvasTranslatorOptions, ImageSource, PixelPath } from '../../src/web/canvas/index.js';
import { requestGpu, tanh, Tensor, Translator } from '../../src/web/index.js';
import { values } from '../harness/deterministic.js';
import * as reference from '../reference/pixels.js';

/** The program of canvas.test.ts' page, and of its worker. */

/** A generator as small as one can be, of any channels and any size: a convolution of 1 x 1. */
class Tint extends Module {
  readonly options: object;
  readonly imageSizes: { readonly own: number; readonly multipleOf: 1; readonly least: 1 };
  declare readonly labels: number;
  private readonly conv: Conv2d;

  constructor(
    readonly inChannels: number,
    readonly outChannels: number,
    labels = 0,
    own = 16,
  ) {
    super();
    this.options = { inChannels, outChannels, labels };
    this.imageSizes = { own, multipleOf: 1, least: 1 };
    if (labels > 0) Object.assign(this, { labels });
    const layer = new Conv2d({ inChannels: inChannels + labels, outChannels, kernel: 1, initializer: normal(0, 0.6) });
    this.conv = this.child('conv', layer);
  }

  forward(x: Tensor, _: ForwardOptions = {}): Tensor {
    return tanh(this.conv.forward(x));
  }
}
registerNetwork({
  ...{ kind: 'tint', role: 'generator', title: 'tint', network: Tint as never },
  ...{ describe: () => ['tint'], exampleInput: () => ({ shape: [1, 4, 4, 3], dynamicAxes: [] }) },
});

const code = (error: { code?: string }): string => error.code ?? String(error);
const codeOf = async (call: () => unknown): Promise<string> => {
  try {
    await call();
  } catch (error) {
    return code(error as { code?: string });
  }
  return 'nothing';
};

/** The pixels of a canvas, which may be a WebGPU one in the task that drew it. */
function shownBy(canvas: CanvasImageSource & { readonly width: number; readonly height: number }): Uint8ClampedArray<ArrayBuffer> {
  const context = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d')!;
  context.drawImage(canvas, 0, 0);
  return context.getImageData(0, 0, canvas.width, canvas.height).data;
}

const apart = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  a.length === b.length ? Array.from(a).reduce((most, value, at) => Math.max(most, Math.abs(value - b[at]!)), 0) : Number.POSITIVE_INFINITY;

const rgbOf = ({ width, height, data }: ImageData): RgbImage => ({
  ...{ width, height },
  data: Uint8Array.from({ length: width * height * 3 }, (_, at) => data[Math.floor(at / 3) * 4 + (at % 3)]!),
});

function picture(width: number, height: number, alpha: (pixel: number) => number = () => 255): ImageData {
  const image = new ImageData(width, height);
  image.data.forEach((_, at) => (image.data[at] = at % 4 === 3 ? alpha(at >> 2) : ((at * 7919) >> 3) & 255));
  return image;
}

async function compare(output: PixelPath): Promise<object> {
  const gpu = await requestGpu();
  let reads = 0;
  const map = GPUBuffer.prototype.mapAsync;
  GPUBuffer.prototype.mapAsync = function (...parameters) {
    reads++;
    return map.apply(this, parameters);
  };
  const generator = new UNet({ size: 64, ngf: 4 }).to(gpu);
  const image = picture(64, 64);
  const bitmap = await createImageBitmap(image);
  const canvas = document.body.appendChild(document.createElement('canvas'));
  const translator = await CanvasTranslator.create(gpu, generator, { canvas, output });
  const none = await translator.pixels();
  // A WebGPU canvas can be read until it is presented: in the task that drew it, when the translator begins to wait.
  let shown = new Uint8ClampedArray();
  const { queue } = gpu.device;
  const wait = queue.onSubmittedWorkDone.bind(queue);
  queue.onSubmittedWorkDone = () => {
    shown = shownBy(canvas);
    return wait();
  };
  reads = 0;
  const drawn = await translator.draw(bitmap, { seed: 3 });
  const readsOfDraw = reads;
  queue.onSubmittedWorkDone = wait;
  const plain = await Translator.create(gpu, generator);
  const expected = await plain.translate(rgbOf(image), 3);
  const worst = apart(expected.data, rgbOf(new ImageData(shown, 64, 64)).data);
  // Another translation leaves the canvas as it is, and what is saved later is what is shown.
  const other = await translator.translate(bitmap, { seed: 4 });
  const otherExpected = await plain.translate(rgbOf(image), 4);
  const differsFromOther = apart(other!.data, shown) > 0;
  const asSeen = apart((await translator.pixels())!.data, shown);
  const worstOfOther = apart(otherExpected.data, rgbOf(other!).data);
  const many = await Promise.all([bitmap, bitmap, image, bitmap].map((source) => translator.draw(source)));
  const unready = await translator.draw(document.createElement('video')).catch(code);
  // One runs and one waits; neither draws any more.
  const before = (await translator.pixels())!.data.join();
  const running = [translator.draw(bitmap, { seed: 5 }), translator.draw(bitmap, { seed: 6 }), translator.translate(bitmap)];
  translator.dispose();
  const ended = await Promise.all(running);
  const isUntouched = output === 'device' || shownBy(canvas).join() === before;
  const disposed = [await translator.draw(bitmap).catch(code), await translator.pixels().catch(code)];
  plain.dispose();
  generator.dispose();
  GPUBuffer.prototype.mapAsync = map;
  return {
    ...{ drawn, readsOfDraw, none, unready, ended, isUntouched, disposed },
    dropped: many.map((each) => each.dropped),
    ...{ worst, asSeen, worstOfOther, differsFromOther },
    isPicture: Math.max(...expected.data) - Math.min(...expected.data) > 20,
    left: gpu.memory().tensors,
  };
}

/** Sources of all kinds as tensors, beside float64. @returns how far each is from it, in 255ths */
async function sources(): Promise<object> {
  const gpu = await requestGpu();
  const [width, height] = [31, 17];
  const background = [250, 90, 3] as const;
  const half = picture(width, height, (pixel) => [255, 0, 128, 77][pixel % 4]!);
  const opaque = picture(width, height);
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext('2d')!.putImageData(half, 0, 0);
  const all: [name: string, source: ImageSource, pixels: ImageData][] = [
    ['ImageData', half, half],
    ['ImageBitmap', await createImageBitmap(half), half],
    ['ImageBitmap, not premultiplied', await createImageBitmap(half, { premultiplyAlpha: 'none' }), half],
    ['opaque ImageBitmap', await createImageBitmap(opaque), opaque],
    ['OffscreenCanvas', canvas, half],
    ['VideoFrame', new VideoFrame(await createImageBitmap(opaque), { timestamp: 0 }), opaque],
  ];
  const worst: Record<string, number> = {};
  const whole = { left: 0, top: 0, width, height };
  for (const [name, source, { data }] of all) {
    for (const path of ['device', 'host'] as const) {
      for (const [channels, mirror] of [
        [3, false],
        [1, true],
      ] as const) {
        const made = fromPixels(gpu, source, { channels, mirror, background, path });
        const expected = reference.toImage(data, height, width, {
          window: whole,
          channels,
          background,
          mirror,
          premultiplied: false,
          width,
        });
        const found = (await made.data()).map((value) => (value + 1) * 127.5);
        if (made.shape.join() !== `1,${height},${width},${channels}`) throw new Error(`${name}: ${made.shape.join()}`);
        worst[`${name}, ${path}`] = Math.max(worst[`${name}, ${path}`] ?? 0, Math.round(apart(found, expected) * 1000) / 1000);
        made.dispose();
      }
    }
  }
  // Windows, then Pillow's bicubic.
  const resized = { stretch: 0, cover: 0, contain: 0 };
  for (const fit of ['stretch', 'cover', 'contain'] as const) {
    const made = fromPixels(gpu, half, { size: [9, 13], fit, background });
    const window = CANVAS_FITS[fit]([width, height], [9, 13]);
    const reading = { window, channels: 3, background, mirror: false, premultiplied: false, width } as const;
    const cut = { width: window.width, height: window.height, data: reference.toImage(half.data, height, width, reading) };
    const expected = resizeBicubic(cut, 9, 13).data;
    resized[fit] =
      Math.round(
        apart(
          (await made.data()).map((value) => (value + 1) * 127.5),
          expected,
        ) * 1000,
      ) / 1000;
    made.dispose();
  }
  const closed = await createImageBitmap(opaque);
  closed.close();
  const refused = {
    closed: await codeOf(() => fromPixels(gpu, closed)),
    noSource: await codeOf(() => fromPixels(gpu, {} as ImageBitmap)),
    video: await codeOf(() => fromPixels(gpu, document.createElement('video'))),
    channels: await codeOf(() => fromPixels(gpu, half, { channels: 2 as 1 })),
    size: await codeOf(() => fromPixels(gpu, half, { size: 0 })),
    background: await codeOf(() => fromPixels(gpu, half, { background: [0, 0, 256] })),
    name: await codeOf(() => fromPixels(gpu, half, { flip: true } as object)),
    recorded: await codeOf(() => gpu.record(() => fromPixels(gpu, half))),
    order: await codeOf(() => fromPixels(half as never, gpu as never)),
  };
  const left = gpu.memory().tensors;
  gpu.destroy();
  return { worst, resized, refused, destroyed: await codeOf(() => fromPixels(gpu, half)), left };
}

/** Tensors on canvases and as pictures, beside float64. @returns how many bytes differ */
async function results(path: PixelPath): Promise<object> {
  const gpu = await requestGpu();
  const differing: Record<string, number> = {};
  const canvas = document.createElement('canvas');
  for (const [width, height, channels] of [
    [31, 17, 3],
    [5, 64, 1],
  ] as const) {
    const data = values(`shown ${channels}`, width * height * channels, 1.2);
    const image = Tensor.from(gpu, data, [1, height, width, channels]);
    const expected = reference.toPixels(data, channels, false);
    const count = (found: ArrayLike<number>): number => Array.from(expected).filter((byte, at) => byte !== found[at]).length;
    const way = await toCanvas(image, canvas, { path });
    // Read at once: no task has come between.
    differing[`canvas of ${channels}, ${way}`] = count(shownBy(canvas));
    differing[`ImageData of ${channels}`] = count((await toImageData(image)).data);
    differing[`ImageBitmap of ${channels}`] = count(shownBy(await toImageBitmap(image, { path })));
    image.dispose();
  }
  // By default, which does the device no harm: what follows is on it, too.
  const frame = fromPixels(gpu, new VideoFrame(await createImageBitmap(picture(5, 5)), { timestamp: 0 }));
  const ofFrame = new Set(await frame.data()).size > 5;
  const other = document.createElement('canvas');
  other.getContext('webgl2') ?? other.getContext('bitmaprenderer');
  const [good, wide, two] = [3, 6, 3].map((channels, at) =>
    Tensor.from(gpu, new Float32Array(4 * 4 * channels * (at === 2 ? 2 : 1)), [at === 2 ? 2 : 1, 4, 4, channels]),
  ) as [Tensor, Tensor, Tensor];
  const gone = Tensor.from(gpu, [0], [1, 1, 1, 1]);
  gone.dispose();
  const fresh = document.createElement('canvas');
  let recorded: Promise<string> | undefined;
  await gpu.record(() => {
    recorded = codeOf(() => toCanvas(good, fresh, { path }));
  });
  const refused = {
    wide: await codeOf(() => toCanvas(wide, fresh, { path })),
    two: await codeOf(() => toImageData(two)),
    flat: await codeOf(() => toImageBitmap(good.reshape([4, 4, 3]))),
    bytes: await codeOf(() => toImageData(Tensor.fromBytes(gpu, new Uint8Array(12), [1, 2, 2, 3]))),
    gone: await codeOf(() => toCanvas(gone, fresh)),
    numbers: await codeOf(() => toCanvas([1] as unknown as Tensor, fresh)),
    context: await codeOf(() => toCanvas(good, other, { path })),
    noCanvas: await codeOf(() => toCanvas(good, {} as HTMLCanvasElement, { path })),
    recorded: await recorded,
  };
  // Nothing was taken of a canvas that nothing could be shown on.
  const isFree = fresh.width === 300 && fresh.getContext('bitmaprenderer') !== null;
  gpu.destroy();
  return { differing, ofFrame, refused, isFree };
}

/** Codings and labels: what a CanvasTranslator shows beside what a Translator makes. */
async function codings(output: PixelPath): Promise<object> {
  const gpu = await requestGpu();
  const palette = PALETTES.facades!;
  const [width, height] = [13, 9];
  const classes = Uint8Array.from({ length: width * height }, (_, at) => (at * 7) % palette.classes.length);
  const map = labelMapOf(classes, width, height, palette);
  const shownMap = new ImageData(width, height);
  for (let at = 0; at < width * height; at++) shownMap.data.set([...map.data.subarray(3 * at, 3 * at + 3), 255], 4 * at);
  const photo = picture(width, height);
  const count = palette.classes.length;
  const seen = { kind: 'classes', channels: 1, count, data: classes } as const;
  const cases: [string, Tint, CodingOptions, ImageData, RgbImage, number[]][] = [
    ['classes to colours', new Tint(count, 3), { oneHot: count }, shownMap, { ...map, values: seen }, []],
    ['colours to a palette', new Tint(3, count), { palette: 'facades' }, photo, rgbOf(photo), []],
    ['lightness to chroma', new Tint(1, 2), { colourSpace: 'lab' }, photo, rgbOf(photo), []],
    ['colours to five channels', new Tint(3, 5), { outChannels: 5 }, photo, rgbOf(photo), []],
    ['labels', new Tint(3, 3, 2), {}, photo, rgbOf(photo), [1, 0]],
    ['grey to grey', new Tint(1, 1), {}, photo, rgbOf(photo), []],
  ];
  const found: Record<string, unknown> = {};
  for (const [name, tint, options, source, image, labels] of cases) {
    const generator = tint.to(gpu, { seed: 5 }) as unknown as Generator;
    const coding = codingsOf(options);
    const canvas = document.createElement('canvas');
    const given = { size: [width, height], codings: coding, ...(options.oneHot !== undefined && { palette }) } as const;
    const translator = await CanvasTranslator.create(gpu, generator, { canvas, output, ...given });
    const drawn = await translator.draw(source, { labels });
    const pixels = rgbOf((await translator.pixels())!).data;
    const plain = await Translator.create(gpu, generator, { size: [width, height], codings: coding });
    const expected = (await plain.translate(image, 0, labels)).data;
    found[name] = [drawn, apart(expected, pixels), new Set(expected).size > 2];
    translator.dispose();
    plain.dispose();
    generator.dispose();
  }
  const canvas = document.createElement('canvas');
  const tint = (from: number, to: number, labels = 0): Generator => new Tint(from, to, labels).to(gpu) as unknown as Generator;
  const refusal = (generator: Generator, options: Partial<CanvasTranslatorOptions>): Promise<string> =>
    codeOf(() => CanvasTranslator.create(gpu, generator, { canvas, ...options }));
  const labelled = await CanvasTranslator.create(gpu, tint(3, 3, 2), { canvas, output });
  const refused = {
    channels: await refusal(tint(4, 3), {}),
    ofCoding: await refusal(tint(3, 3), { codings: codingsOf({ oneHot: 4 }) }),
    noPalette: await refusal(tint(4, 3), { codings: codingsOf({ oneHot: 4 }) }),
    largePalette: await refusal(tint(4, 3), { codings: codingsOf({ oneHot: 4 }), palette }),
    namedCoding: await refusal(tint(3, 3), { codings: 'lab' as never }),
    noGpu: await codeOf(() => CanvasTranslator.create(null as never, tint(3, 3), { canvas })),
    uselessPalette: await refusal(tint(3, 3), { palette }),
    numbers: await refusal(tint(4, 3), { codings: codingsOf({ inChannels: 4 }) }),
    labels: await codeOf(() => labelled.draw(photo, { labels: [1] })),
  };
  const { tensors } = gpu.memory();
  gpu.destroy();
  // Of the generators that were refused, and of the one with labels.
  return { found, refused, tensors };
}

/** A device that is lost while one draws, and the same canvas on the next one. */
async function lost(output: PixelPath): Promise<object> {
  const first = await requestGpu();
  const canvas = document.createElement('canvas');
  const translator = await CanvasTranslator.create(first, tintOf(first), { canvas, output });
  const drawing = translator.draw(picture(20, 20)).then(
    () => 'drawn before',
    (error: { code: string }) => error.code,
  );
  first.device.destroy();
  await first.device.lost;
  const codes = [await codeOf(() => translator.draw(picture(20, 20))), await codeOf(() => fromPixels(first, picture(2, 2)))];
  const running = await drawing;
  translator.dispose();
  const second = await requestGpu();
  const next = await CanvasTranslator.create(second, tintOf(second), { canvas, output });
  const drawn = await next.draw(picture(20, 20));
  const isPicture = new Set((await next.pixels())!.data).size > 20;
  second.destroy();
  return { codes, running: ['drawn before', 'DEVICE_LOST'].includes(running), drawn, isPicture };
}

const tintOf = (gpu: Gpu): Generator => new Tint(3, 3).to(gpu, { seed: 5 }) as unknown as Generator;

/** What a worker makes of a frame on a canvas of the page, beside what the page makes of it. */
async function inWorker(output: PixelPath): Promise<object> {
  const canvas = document.body.appendChild(document.createElement('canvas'));
  const offscreen = canvas.transferControlToOffscreen();
  const transferred = await codeOf(async () => {
    const gpu = await requestGpu();
    await toCanvas(Tensor.from(gpu, new Float32Array(3), [1, 1, 1, 3]), canvas);
  });
  const image = picture(23, 15);
  const frame = new VideoFrame(await createImageBitmap(image), { timestamp: 0 });
  const worker = new Worker('/page.js', { type: 'module' });
  const answer = new Promise<{ drawn: object; data: Uint8ClampedArray; failed?: string }>((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data as never);
    worker.onerror = ({ message }) => reject(new Error(message));
  });
  worker.postMessage({ offscreen, frame, output }, [offscreen, frame]);
  const { drawn, data, failed } = await answer;
  if (failed) throw new Error(failed);
  const gpu = await requestGpu();
  const translator = await CanvasTranslator.create(gpu, tintOf(gpu), { canvas: document.createElement('canvas'), output });
  await translator.draw(image);
  const worst = apart((await translator.pixels())!.data, data);
  gpu.destroy();
  return { drawn, worst, sides: [canvas.width, canvas.height], transferred };
}

async function work({ offscreen, frame, output }: { offscreen: OffscreenCanvas; frame: VideoFrame; output: PixelPath }): Promise<void> {
  try {
    const gpu = await requestGpu();
    const translator = await CanvasTranslator.create(gpu, tintOf(gpu), { canvas: offscreen, input: output, output });
    const drawn = await translator.draw(frame);
    frame.close();
    postMessage({ drawn, data: (await translator.pixels())!.data });
  } catch (error) {
    postMessage({ failed: String(error) });
  }
}

if (typeof document === 'undefined') addEventListener('message', ({ data }) => void work(data as never));
else Object.assign(globalThis, { compare, sources, results, codings, lost, inWorker });
