import { ShadegradError } from '../../errors.js';
import type { Gpu } from '../../gpu/gpu.js';
import { expectPicture, imageToPixels } from '../../kernels/pixels.js';
import { Tensor } from '../../tensor/tensor.js';
import { pitchOf, type PixelPath } from './intake.js';
import type { OfPages } from './source.js';

/** A canvas to show images on, of a page or of a worker. */
export type AnyCanvas = OfPages<'HTMLCanvasElement'> | OffscreenCanvas;

type Context2d = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

/** The usage of a canvas' textures here: pixels are copied into them. */
const usage = (): number => GPUTextureUsage.COPY_DST | GPUTextureUsage.RENDER_ATTACHMENT;

/**
 * Shows images of a device on a canvas: through a WebGPU context of it, or, where it has another one or there is none, read back and put
 * into its 2D context.
 */
export class Outlet {
  private pixels: Tensor | null = null;
  /** Width of the image in it. */
  private width = 0;
  /** What the 2D context was given last. */
  private put: ImageData | null = null;
  private readonly webgpu: GPUCanvasContext | null;
  private readonly plain: Context2d | null;
  private readonly format = navigator.gpu?.getPreferredCanvasFormat() ?? 'rgba8unorm';

  /**
   * @param path 'host' for the 2D context
   * @throws INVALID_ARGUMENT for a canvas that has neither context; DEVICE_LOST
   */
  constructor(
    private readonly gpu: Gpu,
    private readonly canvas: AnyCanvas,
    path: PixelPath,
  ) {
    gpu.assertAlive();
    this.webgpu = path === 'device' ? contextOf(canvas, 'webgpu') : null;
    if (this.webgpu) configure(this.webgpu, gpu.device, this.format);
    this.plain = this.webgpu ? null : contextOf(canvas, '2d');
    if (!this.webgpu && !this.plain) {
      throw new ShadegradError('INVALID_ARGUMENT', 'canvas to show images on', {
        expected: 'a canvas without a context, or with one of "webgpu" or "2d"',
        received: 'what is no canvas, one with another context, or one whose control was transferred to a worker',
        fix: 'make a new canvas, or draw where the OffscreenCanvas of this one is',
      });
    }
  }

  /** How images come onto the canvas. */
  get path(): PixelPath {
    return this.webgpu ? 'device' : 'host';
  }

  /**
   * Shows an image, and gives the canvas its size; CSS makes it larger or smaller on the page.
   *
   * @param image [1, height, width, 1 or 3], from -1 to 1
   * @param isWanted asked after each wait: where it says no, the canvas stays as it is
   * @returns whether it is shown
   */
  async show(image: Tensor, isWanted: () => boolean = () => true): Promise<boolean> {
    const [height, width] = expectPicture(image);
    this.expectSides(width, height);
    const { canvas, webgpu } = this;
    const pixels = this.pixelsOf(height, webgpu ? pitchOf(width) : width);
    imageToPixels(image, pixels, webgpu !== null && this.format === 'bgra8unorm');
    this.width = width;
    const data = webgpu ? null : new Uint8ClampedArray(await pixels.bytes());
    if (!isWanted()) return false;
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    if (data) {
      this.put = new ImageData(data, width, height);
      this.plain!.putImageData(this.put, 0, 0);
    } else this.gpu.copyToTexture(pixels.storage, webgpu!.getCurrentTexture(), pitchOf(width) * 4);
    return true;
  }

  /** The pixels that show() has shown last, in memory of their own; null before the first. */
  async shown(): Promise<ImageData | null> {
    if (this.put) return new ImageData(this.put.data.slice(), this.put.width, this.put.height);
    const { pixels } = this;
    if (!this.webgpu || !pixels) return null;
    const [height, pitch] = pixels.shape as [number, number, number];
    const { width } = this;
    const bytes = await pixels.bytes();
    const image = new ImageData(width, height);
    for (let y = 0; y < height; y++) image.data.set(bytes.subarray(y * pitch * 4, (y * pitch + width) * 4), y * width * 4);
    if (this.format === 'bgra8unorm') redFirst(image.data);
    return image;
  }

  private pixelsOf(height: number, pitch: number): Tensor {
    if (this.pixels?.shape[0] === height && this.pixels.shape[1] === pitch) return this.pixels;
    this.pixels?.dispose();
    this.pixels = null;
    this.pixels = Tensor.empty(this.gpu, [height, pitch, 4], 'pixels of a canvas', 'u8').keep();
    return this.pixels;
  }

  private expectSides(width: number, height: number): void {
    const { maxTextureDimension2D: longest } = this.gpu.limits;
    if (!this.webgpu || Math.max(width, height) <= longest) return;
    throw new ShadegradError('LIMIT_EXCEEDED', 'image to show on a canvas', {
      expected: `at most ${longest} pixels along a side (maxTextureDimension2D of this adapter)`,
      received: `${width} x ${height}`,
      fix: 'show a smaller one, or a part of it',
    });
  }

  /** Gives the memory back; the canvas keeps what it shows, and show() makes the memory anew. */
  dispose(): void {
    this.pixels?.dispose();
    this.pixels = this.put = null;
  }
}

/** Blue and red of BGRA pixels exchanged. */
function redFirst(data: Uint8ClampedArray): void {
  for (let at = 0; at < data.length; at += 4) [data[at], data[at + 2]] = [data[at + 2]!, data[at]!];
}

/** Sets a context up for a device. One that is set up already stays: its textures would be made anew, and it be cleared. */
function configure(context: GPUCanvasContext, device: GPUDevice, format: GPUTextureFormat): void {
  // Not in every browser.
  const now = 'getConfiguration' in context ? context.getConfiguration() : null;
  if (now?.device === device && now.format === format && now.usage === usage() && now.alphaMode !== 'premultiplied') return;
  context.configure({ device, format, usage: usage(), alphaMode: 'opaque' });
}

/** A context of a canvas; null where it has another one. */
function contextOf(canvas: AnyCanvas, kind: 'webgpu'): GPUCanvasContext | null;
function contextOf(canvas: AnyCanvas, kind: '2d'): Context2d | null;
function contextOf(canvas: AnyCanvas, kind: 'webgpu' | '2d'): unknown {
  try {
    return (canvas as OffscreenCanvas).getContext(kind as '2d');
  } catch {
    // Its control is in another hand.
    return null;
  }
}

/**
 * How images come onto a canvas unless a program says it. On an adapter that is a CPU all memory is the host's, so that nothing is saved,
 * and Chromium loses the device over a WebGPU context there, unless it was started with Vulkan.
 */
export const defaultOutput = (gpu: Gpu): PixelPath => (gpu.adapter.software ? 'host' : 'device');
