import { ShadegradError } from '../errors.js';
import { describeSize, widthAndHeight, type PixelSize } from '../pixel-size.js';
import { Params } from '../gpu/params.js';
import { expectShape, imageShape } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import { deviceTable } from './bicubic-table.js';
import { expectOneDevice, expectOperands } from './elements.js';
import type { JitterSizes } from './image.js';
import { grid, specialise } from './kernel.js';
import bytesSource from '../../shaders/image_bytes.wgsl';
import drawsSource from '../../shaders/image_draws.wgsl';
import classesSource from '../../shaders/image_jitter_classes.wgsl';
import numbersSource from '../../shaders/image_jitter_numbers.wgsl';

/** Bytes of the draw of a sample, as imageDraws() lays them out. */
const BYTES_PER_DRAW = 16;

/**
 * The random jitter of images of numbers, of any number of channels: of each draw's image, the part of it resized (bicubic) to loadSize
 * that the draw crops and mirrors, clamped to [-1, 1]. Where no side changes, no number does.
 *
 * @param numbers f32 [images, height, width, channels]; any number of images, from which the draws' `source` chooses
 * @param draws from imageDraws(); its length is the batch
 * @returns [batch, crop height, crop width, channels]
 * @throws INVALID_ARGUMENT for another type, a slice of channels, or sizes that cannot be; SHAPE_MISMATCH for other axes; USE_AFTER_FREE,
 *   DEVICE_MISMATCH
 */
export function numbersJitter(numbers: Tensor, draws: Tensor, { loadSize, cropSize }: JitterSizes): Tensor {
  expectOperands('numbersJitter', { numbers });
  expectOperands('numbersJitter', { draws }, 'u8');
  expectOneDevice('numbersJitter', ['numbers', numbers], ['draws', draws]);
  expectWhole('numbersJitter', 'numbers', numbers);
  const [loadWidth, loadHeight, cropWidth, cropHeight] = expectSizes('numbersJitter', loadSize, cropSize);
  const { gpu } = numbers;
  const [images, height, width, channels] = imageShape(numbers.shape, 'numbers of numbersJitter');
  const batch = draws.shape[0]!;
  expectShape('draws of numbersJitter', [batch, BYTES_PER_DRAW], draws.shape);
  const output = Tensor.empty(gpu, [batch, cropHeight, cropWidth, channels], 'jittered numbers');
  const across = deviceTable(gpu, width, loadWidth);
  const down = deviceTable(gpu, height, loadHeight);
  gpu.dispatch({
    shader: specialise('image_jitter_numbers', [drawsSource, numbersSource]),
    bindings: [numbers.read(), draws.read('u8'), across.binding, down.binding, output.written()],
    params: new Params()
      .u32(batch, images, height, width, channels, numbers.base)
      .u32(loadWidth, loadHeight, cropWidth, cropHeight, across.taps, down.taps, output.base, output.rowStride),
    workgroups: grid(batch * cropHeight * cropWidth * channels, 64),
  });
  return output;
}

/**
 * The random jitter of index maps: of each draw's map, the part of it resized by the nearest pixel to loadSize that the draw
 * crops and mirrors, with one channel for each class: 1 where a pixel is of it, else -1. A pixel takes one byte.
 *
 * @param maps u8 [images, height, width, 1]; any number of maps, from which the draws' `source` chooses
 * @param draws from imageDraws(); its length is the batch
 * @param classes channels of the result, from 2 to 256; a pixel of none of them is -1 in all
 * @returns [batch, crop height, crop width, classes]
 * @throws INVALID_ARGUMENT for another type or sizes that cannot be; SHAPE_MISMATCH for other axes; USE_AFTER_FREE, DEVICE_MISMATCH
 */
export function classesJitter(maps: Tensor, draws: Tensor, { loadSize, cropSize }: JitterSizes, classes: number): Tensor {
  expectOperands('classesJitter', { maps, draws }, 'u8');
  expectOneDevice('classesJitter', ['maps', maps], ['draws', draws]);
  expectWhole('classesJitter', 'maps', maps);
  const [loadWidth, loadHeight, cropWidth, cropHeight] = expectSizes('classesJitter', loadSize, cropSize);
  const [images, height, width] = imageShape(maps.shape, 'maps of classesJitter');
  expectShape('maps of classesJitter', [images, height, width, 1], maps.shape);
  if (!Number.isInteger(classes) || classes < 2 || classes > 256) {
    throw new ShadegradError('INVALID_ARGUMENT', 'classes of classesJitter', {
      expected: 'a whole number from 2 to 256: a pixel has one byte',
      received: String(classes),
      fix: 'give the number of classes of the maps',
    });
  }
  const { gpu } = maps;
  const batch = draws.shape[0]!;
  expectShape('draws of classesJitter', [batch, BYTES_PER_DRAW], draws.shape);
  const output = Tensor.empty(gpu, [batch, cropHeight, cropWidth, classes], 'jittered classes');
  gpu.dispatch({
    shader: specialise('image_jitter_classes', [bytesSource, drawsSource, classesSource]),
    bindings: [maps.read('u8'), draws.read('u8'), output.written()],
    params: new Params()
      .u32(batch, images, height, width, classes, maps.base)
      .u32(loadWidth, loadHeight, cropWidth, cropHeight, output.base, output.rowStride),
    workgroups: grid(batch * cropHeight * cropWidth * classes, 64),
  });
  return output;
}

/** @throws INVALID_ARGUMENT for some of the channels of a wider tensor */
function expectWhole(operation: string, name: string, tensor: Tensor): void {
  if (tensor.contiguous) return;
  throw new ShadegradError('INVALID_ARGUMENT', `${operation}: ${name} "${tensor.label}" is a channel slice`, {
    expected: 'whole images',
    received: 'some of the channels of a wider tensor',
    fix: 'take the tensor that it was sliced from',
  });
}

/**
 * The sides of the resized image and of the crop.
 *
 * @throws INVALID_ARGUMENT for sides that are no whole numbers, and for a crop larger than the image that it is cut out of
 */
function expectSizes(operation: string, loadSize: PixelSize, cropSize: PixelSize): [number, number, number, number] {
  const [load, crop] = [widthAndHeight(loadSize), widthAndHeight(cropSize)];
  const fits = [0, 1].every(
    (axis) => Number.isInteger(load[axis]) && Number.isInteger(crop[axis]) && crop[axis]! >= 1 && crop[axis]! <= load[axis]!,
  );
  if (fits) return [...load, ...crop];
  throw new ShadegradError('INVALID_ARGUMENT', `sizes of ${operation}`, {
    expected: 'whole numbers: a loadSize, and a cropSize from 1 to it',
    received: `loadSize ${describeSize(loadSize)}, cropSize ${describeSize(cropSize)}`,
    fix: 'use a larger loadSize (286 for crops of 256 in the paper)',
  });
}
