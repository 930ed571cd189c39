import { ShadegradError } from '../errors.js';
import type { Gpu } from '../gpu/gpu.js';
import { expectOptions } from '../checks.js';
import { elementCount, type Shape } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import { backward } from './backward.js';
import { noGrad } from './graph.js';
import { mul } from './ops/binary.js';
import { sum } from './ops/sum.js';

/** Options of checkGradients(): the operation, what it is called with, and how exact its gradients are to be. */
export interface CheckGradientsOptions {
  /** The operation. It is called with one tensor for each shape, and must give the same result each time. */
  readonly operation: (...inputs: Tensor[]) => Tensor;
  /** Shapes of its inputs. */
  readonly shapes: readonly Shape[];
  /** Contents of the inputs. Default: numbers spread over [-1, 1) without a pattern. */
  readonly inputs?: readonly ArrayLike<number>[];
  /**
   * What the operation computes, on plain numbers in float64: differences of it are exact enough for a tolerance of 1e-4. Without it
   * the operation itself is used, whose float32 allows some 1e-2.
   */
  readonly reference?: (...inputs: Float64Array[]) => ArrayLike<number>;
  /** Largest error, relative to the largest gradient of the same input. Default: 2e-4 with a reference, 2e-2 without. */
  readonly tolerance?: number;
  /** Elements of each input that are checked, spread over it. Default 40. */
  readonly elements?: number;
}

/** A gradient that checkGradients() found wrong. */
export interface GradientError {
  /** Which input, counted from 0. */
  readonly input: number;
  /** Which of its elements, in row-major order. */
  readonly element: number;
  /** What backward() gave. */
  readonly gradient: number;
  /** What the differences give. */
  readonly numeric: number;
}

/** The operation stands in the middle of a graph, so that it gets a gradient that is not one, and must pass one on. */
const BEFORE = 1.25;
const AFTER = -0.75;

/**
 * Compares the gradients of an operation with central differences, for every input, in the middle of a graph.
 *
 * ```js
 * const errors = await checkGradients(gpu, { operation: (x, w) => conv2d(x, w, null), shapes: [[1, 5, 5, 3], [3, 3, 3, 2]] });
 * console.assert(errors.length === 0, errors);
 * ```
 *
 * @returns the elements whose gradient is off by more than the tolerance; none when the gradients are right
 * @throws INVALID_ARGUMENT for contents that do not fit the shapes; and what the operation throws
 */
export async function checkGradients(gpu: Gpu, options: CheckGradientsOptions): Promise<GradientError[]> {
  const names = ['operation', 'shapes', 'inputs', 'reference', 'tolerance', 'elements'] as const;
  expectOptions('checkGradients', options, names, { required: ['operation', 'shapes'] });
  const { operation, shapes, reference, elements = 40 } = options;
  const tolerance = options.tolerance ?? (reference ? 2e-4 : 2e-2);
  const data = shapes.map((shape, index) => contents(options.inputs?.[index], shape, index));
  const leaves = shapes.map((shape, index) => {
    const leaf = Tensor.from(gpu, new Float32Array(data[index]!), shape, `input ${index}`).keep();
    leaf.requiresGrad = true;
    return leaf;
  });
  try {
    const weights = gpu.scope(() => {
      const y = operation(...leaves.map((leaf) => mul(leaf, BEFORE)));
      const weighting = spread(y.size, leaves.length);
      backward(sum(mul(mul(y, AFTER), Tensor.from(gpu, weighting, y.shape))));
      return weighting;
    });
    const evaluate = async (inputs: readonly Float64Array[]): Promise<ArrayLike<number>> => {
      const scaled = inputs.map((array) => array.map((x) => x * BEFORE));
      if (reference) return reference(...scaled);
      const y = gpu.scope(() =>
        noGrad(() => operation(...scaled.map((array, index) => Tensor.from(gpu, new Float32Array(array), shapes[index]!)))),
      );
      const values = await y.data();
      y.dispose();
      return values;
    };
    const loss = async (): Promise<number> => {
      const y = await evaluate(data);
      if (y.length !== weights.length) throw otherSize(weights.length, y.length);
      let total = 0;
      for (let i = 0; i < weights.length; i++) total += weights[i]! * AFTER * y[i]!;
      return total;
    };
    const step = reference ? 1e-4 : 1e-2;
    const errors: GradientError[] = [];
    for (const [input, leaf] of leaves.entries()) {
      const gradients = leaf.grad ? await leaf.grad.data() : new Float32Array(leaf.size);
      const largest = gradients.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3);
      const array = data[input]!;
      for (let element = 0; element < array.length; element += Math.max(1, Math.floor(array.length / elements))) {
        const before = array[element]!;
        array[element] = before + step;
        const above = await loss();
        array[element] = before - step;
        const below = await loss();
        array[element] = before;
        const [gradient, numeric] = [gradients[element]!, (above - below) / (2 * step)];
        // Written so that NaN is an error; an infinite gradient would allow any.
        if (!(Math.abs(gradient - numeric) <= tolerance * largest && Number.isFinite(gradient)))
          errors.push({ input, element, gradient, numeric });
      }
    }
    return errors;
  } finally {
    for (const leaf of leaves) leaf.dispose();
  }
}

function contents(given: ArrayLike<number> | undefined, shape: Shape, index: number): Float64Array {
  const size = elementCount(shape);
  const values = Float64Array.from(given ?? spread(size, index), Math.fround);
  if (values.length === size) return values;
  throw new ShadegradError('INVALID_ARGUMENT', `contents of input ${index} of checkGradients()`, {
    expected: `${size} numbers for its shape`,
    received: `${values.length} numbers`,
    fix: 'make the shape and the contents agree, or leave the contents out',
  });
}

/** Numbers in [-1, 1): multiples of the golden ratio, which fall into no pattern of an operation. */
function spread(size: number, stream: number): Float32Array {
  return Float32Array.from({ length: size }, (_, i) => 2 * (((i + 1) * 0.6180339887498949 + stream * 0.3819) % 1) - 1);
}

function otherSize(expected: number, received: number): ShadegradError {
  return new ShadegradError('INVALID_ARGUMENT', 'result of the reference of checkGradients()', {
    expected: `${expected} numbers, as the operation makes`,
    received: `${received} numbers`,
    fix: 'let the reference return all elements of the result, in row-major order',
  });
}
