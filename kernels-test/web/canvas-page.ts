import { UNet } from '../../src/models/unet.js';
import { CanvasTranslator, type PixelPath } from '../../src/web/canvas/index.js';
import { requestGpu, Translator } from '../../src/web/index.js';

/** The program of canvas.test.ts' page. */
async function compare(output: PixelPath): Promise<object> {
  const gpu = await requestGpu();
  let reads = 0;
  const map = GPUBuffer.prototype.mapAsync;
  GPUBuffer.prototype.mapAsync = function (...parameters) {
    reads++;
    return map.apply(this, parameters);
  };
  const generator = new UNet({ size: 64, ngf: 4 }).to(gpu);
  const picture = new ImageData(64, 64);
  picture.data.forEach((_, at) => (picture.data[at] = at % 4 === 3 ? 255 : (at * 7919) >> 3));
  const bitmap = await createImageBitmap(picture);
  const canvas = document.body.appendChild(document.createElement('canvas'));
  const translator = await CanvasTranslator.create(gpu, generator, { canvas, output });
  // A WebGPU canvas can be read until it is presented: in the task that drew it, when the translator begins to wait.
  let shown = new Uint8ClampedArray();
  const { queue } = gpu.device;
  const wait = queue.onSubmittedWorkDone.bind(queue);
  queue.onSubmittedWorkDone = () => {
    const context = new OffscreenCanvas(64, 64).getContext('2d')!;
    context.drawImage(canvas, 0, 0);
    shown = context.getImageData(0, 0, 64, 64).data;
    return wait();
  };
  reads = 0;
  const drawn = await translator.draw(bitmap, { seed: 3 });
  const readsOfDraw = reads;
  queue.onSubmittedWorkDone = wait;
  const plain = await Translator.create(gpu, generator);
  const data = Uint8Array.from({ length: 64 * 64 * 3 }, (_, at) => picture.data[Math.floor(at / 3) * 4 + (at % 3)]!);
  const expected = (await plain.translate({ width: 64, height: 64, data }, 3)).data;
  const worst = Math.max(...expected.map((value, at) => Math.abs(value - shown[Math.floor(at / 3) * 4 + (at % 3)]!)));
  const many = await Promise.all([bitmap, bitmap, picture, bitmap].map((source) => translator.draw(source)));
  const code = (error: { code: string }): string => error.code;
  const unready = await translator.draw(document.createElement('video')).catch(code);
  translator.dispose();
  const disposed = await translator.draw(bitmap).catch(code);
  plain.dispose();
  generator.dispose();
  const dropped = many.map((each) => each.dropped);
  const spread = Math.max(...expected) - Math.min(...expected);
  return { drawn, readsOfDraw, worst, isPicture: spread > 20, dropped, unready, disposed, left: gpu.memory().tensors };
}
Object.assign(globalThis, { compare });
