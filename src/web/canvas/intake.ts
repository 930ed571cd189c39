import { ShadegradError } from '../../errors.js';
import type { Gpu } from '../../gpu/gpu.js';
import { imageResizeBicubic } from '../../kernels/image.js';
import { pixelsToImage } from '../../kernels/pixels.js';
import { Tensor } from '../../tensor/tensor.js';
import { CANVAS_FITS, type CanvasFit } from './fit.js';
import { nameOf, sidesOfSource, sourceError, type ImageSource } from './source.js';

/** Where pixels travel: on the device alone, or through the memory of the program. */
export type PixelPath = 'device' | 'host';

/** What is to be made of a source. */
export interface Wanted {
  /** Sides of the image; those of the source where there are none. */
  readonly size: readonly [width: number, height: number] | null;
  /** Whether the image gets these sides, or its proportions alone. */
  readonly isResized: boolean;
  readonly channels: 1 | 3;
  readonly fit: CanvasFit;
  readonly mirror: boolean;
  readonly background: readonly [number, number, number];
  /** Undefined for the way that suits the source. */
  readonly path: PixelPath | undefined;
}

/** Rows of a copy between a texture and a buffer begin at multiples of this many bytes. */
const ROW_BYTES = 256;

/** Pixels in a row of a copy between a texture and a buffer. */
export const pitchOf = (width: number): number => (Math.ceil((width * 4) / ROW_BYTES) * ROW_BYTES) / 4;

/**
 * How a source's pixels come in unless a program says it. On an adapter that is a CPU Chromium loses the device over a copy of a video's
 * frame, unless it was started with Vulkan; other sources are copied there as well.
 */
const defaultInput = (gpu: Gpu, source: ImageSource): PixelPath =>
  gpu.adapter.software && ('videoWidth' in source || 'displayWidth' in source) ? 'host' : 'device';

/** Takes pixels of sources onto the device. Keeps a texture and a buffer of the size that came last: a video's frames are alike. */
export class Intake {
  private texture: GPUTexture | null = null;
  private pixels: Tensor | null = null;
  private readonly scratch = new Scratch();
  /** Kinds of sources that this browser did not copy on the device. */
  private readonly refused = new Set<unknown>();

  constructor(private readonly gpu: Gpu) {}

  /**
   * Makes an image of bytes of what a source shows now: its window, which is resized as Pillow resizes (bicubic, antialiased).
   *
   * @returns u8 [1, height, width, channels], which belongs to the scope of the call, and the way that its pixels went
   * @throws as sidesOfSource(); LIMIT_EXCEEDED, IMAGE_TAINTED, DEVICE_LOST
   */
  take(source: ImageSource, wanted: Wanted): { bytes: Tensor; path: PixelPath } {
    this.gpu.assertAlive();
    const [width, height] = sidesOfSource(source);
    this.expectSides(source, width, height);
    const { size, isResized, channels, fit, mirror, background } = wanted;
    const [toWidth, toHeight] = size ?? [width, height];
    // Bytes of ImageData lie in the program's memory already.
    const isOnHost = 'data' in source;
    const onDevice = !isOnHost && (wanted.path ?? defaultInput(this.gpu, source)) === 'device' && this.copied(source, width, height);
    if (!onDevice) this.upload(source, width, height);
    const window = CANVAS_FITS[fit]([width, height], [toWidth, toHeight]);
    const reading = { width, window, channels, background, mirror, premultiplied: onDevice };
    const image = pixelsToImage(this.pixels!, reading);
    const path = onDevice ? 'device' : 'host';
    if (!isResized) return { bytes: image, path };
    const bytes = imageResizeBicubic(image, toHeight, toWidth);
    image.dispose();
    return { bytes, path };
  }

  /** Copies a source into memory on the device; false where the browser cannot do so for sources of its kind. */
  private copied(source: Exclude<ImageSource, ImageData>, width: number, height: number): boolean {
    if (this.refused.has(source.constructor)) return false;
    const texture = this.textureOf(width, height);
    try {
      // Multiplied by alpha, because textures of 8 bits cannot hold the colours of clear pixels.
      const target = { texture, premultipliedAlpha: true };
      this.gpu.device.queue.copyExternalImageToTexture({ source }, target, [width, height]);
    } catch (error) {
      const known = sourceError(source, error);
      if (known !== error || (error instanceof Error && error.name === 'InvalidStateError')) throw known;
      this.gpu.assertAlive();
      this.refused.add(source.constructor);
      return false;
    }
    const pitch = pitchOf(width);
    this.gpu.copyFromTexture(texture, this.pixelsOf(height, pitch).storage, pitch * 4);
    return true;
  }

  /** The plain way: the browser draws the source, and its bytes are uploaded. */
  private upload(source: ImageSource, width: number, height: number): void {
    const { data } = 'data' in source ? source : this.scratch.read(source, width, height);
    this.pixelsOf(height, width).writeBytes(data as Uint8ClampedArray);
  }

  private textureOf(width: number, height: number): GPUTexture {
    if (this.texture?.width === width && this.texture.height === height) return this.texture;
    this.texture?.destroy();
    // The browser copies by rendering.
    const usage = GPUTextureUsage.COPY_DST | GPUTextureUsage.COPY_SRC | GPUTextureUsage.RENDER_ATTACHMENT;
    this.texture = this.gpu.device.createTexture({ label: 'pixels of a source', size: [width, height], format: 'rgba8unorm', usage });
    return this.texture;
  }

  private pixelsOf(height: number, pitch: number): Tensor {
    if (this.pixels?.shape[0] === height && this.pixels.shape[1] === pitch) return this.pixels;
    this.pixels?.dispose();
    this.pixels = null;
    this.pixels = Tensor.empty(this.gpu, [height, pitch, 4], 'pixels of a source', 'u8').keep();
    return this.pixels;
  }

  private expectSides(source: ImageSource, width: number, height: number): void {
    const { maxTextureDimension2D: longest, maxStorageBufferBindingSize: most } = this.gpu.limits;
    const bytes = pitchOf(width) * height * 4;
    if (Math.max(width, height) <= longest && bytes <= most) return;
    throw new ShadegradError('LIMIT_EXCEEDED', `sides of ${nameOf(source)}`, {
      expected: `at most ${longest} pixels along a side, and ${Math.floor(most / 4)} in all (limits of this adapter)`,
      received: `${width} x ${height}`,
      fix: 'make it smaller: createImageBitmap(source, { resizeWidth, resizeHeight, resizeQuality: "high" })',
    });
  }

  /** Gives texture and buffer back; take() makes them anew. */
  dispose(): void {
    this.texture?.destroy();
    this.pixels?.dispose();
    this.texture = this.pixels = null;
  }
}

/** A canvas that pixels are read from, made when it is first needed. */
class Scratch {
  private context: OffscreenCanvasRenderingContext2D | null = null;

  read(source: Exclude<ImageSource, ImageData>, width: number, height: number): ImageData {
    this.context ??= new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })!;
    const { canvas } = this.context;
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    else this.context.clearRect(0, 0, width, height);
    try {
      this.context.drawImage(source, 0, 0, width, height);
      return this.context.getImageData(0, 0, width, height);
    } catch (error) {
      // A canvas that another site's pixels were drawn on stays unreadable.
      this.context = null;
      throw sourceError(source, error);
    }
  }
}
