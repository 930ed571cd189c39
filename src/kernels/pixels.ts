import { ShadegradError } from '../errors.js';
import { Params } from '../gpu/params.js';
import { formatShape, imageShape } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import { expectOneDevice, expectOperands, expectWithoutGaps } from './elements.js';
import { grid, specialise } from './kernel.js';
import bytesSource from '../../shaders/image_bytes.wgsl';
import classesSource from '../../shaders/image_classes.wgsl';
import toImageSource from '../../shaders/pixels_to_image.wgsl';
import toPixelsSource from '../../shaders/image_to_pixels.wgsl';

/** A window of a picture: the image that is made of it has its sides. It may reach beyond the picture. */
export interface PixelWindow {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export interface PixelReading {
  /** Width of the picture, whose rows may be longer in memory. */
  readonly width: number;
  readonly window: PixelWindow;
  readonly channels: 1 | 3;
  /** What shows through, and beyond the picture: red, green, blue from 0 to 255. */
  readonly background: readonly [number, number, number];
  readonly mirror: boolean;
  /** Whether colours have been multiplied by alpha already, as textures' are. */
  readonly premultiplied: boolean;
}

/**
 * Makes an image of bytes of a window of RGBA pixels.
 *
 * @param pixels u8 [height, pitch, 4]
 * @returns u8 [1, window height, window width, channels]
 * @throws as expectOperands(); SHAPE_MISMATCH, LIMIT_EXCEEDED
 */
export function pixelsToImage(pixels: Tensor, reading: PixelReading): Tensor {
  const { width, window, channels, background, mirror, premultiplied } = reading;
  expectOperands('pixelsToImage', { pixels }, 'u8');
  const [height, pitch, four] = pixels.shape;
  if (pixels.shape.length !== 3 || four !== 4 || width > pitch!) throw noPixels(pixels, width);
  const { gpu } = pixels;
  const shape = [1, window.height, window.width, channels];
  const output = Tensor.empty(gpu, shape, 'window of pixels', 'u8');
  const [red, green, blue] = background;
  gpu.dispatch({
    shader: specialise('pixels_to_image', [toImageSource], { CHANNELS: channels }),
    bindings: [pixels.read('u8'), output.written('u8')],
    params: new Params()
      .u32(window.width, window.height)
      .i32(window.left, window.top)
      .u32(width, height!, pitch!)
      .u32(red | (green << 8) | (blue << 16), Number(mirror), Number(premultiplied)),
    workgroups: grid(Math.ceil(output.size / 4), 64),
  });
  return output;
}

/**
 * Writes an image of numbers in [-1, 1] as opaque pixels.
 *
 * @param image [1, height, width, 1 or 3]
 * @param pixels u8 [height, pitch, 4], with a pitch of at least the width
 * @param blueFirst for BGRA
 * @throws as expectOperands(); SHAPE_MISMATCH
 */
export function imageToPixels(image: Tensor, pixels: Tensor, blueFirst = false): void {
  expectOperands('imageToPixels', { image });
  expectOperands('imageToPixels', { pixels }, 'u8');
  expectWithoutGaps('imageToPixels', { pixels }, 'make a tensor of its own for them');
  const [height, width, channels] = expectPicture(image);
  const [rows, pitch, four] = pixels.shape;
  if (pixels.shape.length !== 3 || rows !== height || four !== 4 || width > pitch!) throw noPixels(pixels, width);
  image.gpu.dispatch({
    shader: specialise('image_to_pixels', [toPixelsSource], { BLUE_FIRST: blueFirst }),
    bindings: [image.read(), pixels.written('u8')],
    params: new Params().u32(width, height, pitch!, channels, image.base, image.rowStride),
    workgroups: grid(width * height, 64),
  });
}

/**
 * Height, width and channels of an image that can be shown.
 *
 * @throws SHAPE_MISMATCH for what is no single image of 1 or 3 channels
 */
export function expectPicture({ shape }: Tensor): [height: number, width: number, channels: 1 | 3] {
  const [batch, height, width, channels] = shape;
  if (shape.length === 4 && batch === 1 && (channels === 1 || channels === 3)) return [height!, width!, channels];
  throw new ShadegradError('SHAPE_MISMATCH', 'image to show', {
    expected: '[1, height, width, 3], or 1 channel (grey)',
    received: formatShape(shape),
    fix: 'show one image at a time, and some of its channels: sliceChannels(); permute() brings channels to the end',
  });
}

/** Colours of classes, then those of pixels that are of none: what imageToClasses() compares with. */
export interface ClassColours {
  /** u8 [colours, 4], red, green, blue and a byte of nothing. */
  readonly colours: Tensor;
  /** How many of them are of classes. */
  readonly classes: number;
}

/**
 * Writes the classes of a label map's pixels as channels: resized to the nearest pixel, 1 for the class of the nearest colour and -1 for
 * all others.
 *
 * @param bytes u8 [1, height, width, 3]
 * @param out [1, height, width, channels], with at least a channel for each class
 * @throws as expectOperands(); SHAPE_MISMATCH
 */
export function imageToClasses(bytes: Tensor, { colours, classes }: ClassColours, out: Tensor): void {
  expectOperands('imageToClasses', { bytes, colours }, 'u8');
  expectOperands('imageToClasses', { out });
  expectOneDevice('imageToClasses', ['bytes', bytes], ['out', out]);
  expectWithoutGaps('imageToClasses', { bytes, colours }, 'make a tensor of its own for them');
  const [batch, sourceHeight, sourceWidth, three] = imageShape(bytes.shape, 'label map of imageToClasses');
  const [one, height, width, channels] = imageShape(out.shape, 'out of imageToClasses');
  const [count = 0, four] = colours.shape;
  if (batch !== 1 || one !== 1 || three !== 3 || four !== 4 || classes > count || classes > channels) {
    throw new ShadegradError('SHAPE_MISMATCH', 'label map whose classes are to be channels', {
      expected: `[1, height, width, 3], colours as [${classes} or more, 4], and out as [1, height, width, ${classes} or more]`,
      received: `${formatShape(bytes.shape)}, ${formatShape(colours.shape)} and ${formatShape(out.shape)}`,
      fix: 'take one map at a time, and the palette that the network was trained with',
    });
  }
  out.gpu.dispatch({
    shader: specialise('image_classes', [bytesSource, classesSource]),
    bindings: [bytes.read('u8'), colours.read('u8'), out.written()],
    params: new Params().u32(width, height, sourceWidth, sourceHeight, bytes.base).u32(classes, count, channels, out.base, out.rowStride),
    workgroups: grid(width * height, 64),
  });
}

const noPixels = (pixels: Tensor, width: number): ShadegradError =>
  new ShadegradError('SHAPE_MISMATCH', 'RGBA pixels', {
    expected: `[height, ${width} or more, 4]`,
    received: formatShape(pixels.shape),
    fix: 'make them of the sides of the picture',
  });
