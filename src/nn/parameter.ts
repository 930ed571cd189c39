import { ShadegradError } from '../errors.js';
import { elementCount, type Shape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Initializer } from './initializers.js';

/** How a tensor of a module lies in other people's files. */
export interface TensorLayout {
  /**
   * Order in which PyTorch has the tensor's axes: its axis i is this library's axis `pytorchAxes[i]`, as [1, 0] for the
   * weight of a linear layer. Default: the same order.
   */
  pytorchAxes?: readonly number[];
}

/** A tensor that a module owns: declared with a shape, filled when the module is placed on a device. */
export abstract class ModuleTensor {
  /** Whether the tensor is trained. */
  abstract readonly trainable: boolean;
  /** The order in which PyTorch has the axes, as TensorLayout says it; null where it has the same. */
  readonly pytorchAxes: readonly number[] | null;
  private tensor: Tensor | null = null;

  /**
   * Declares a tensor; Module.parameter() and Module.buffer() do it for a module.
   *
   * @throws INVALID_ARGUMENT for an impossible shape, or a `pytorchAxes` that does not name every axis once
   */
  constructor(
    /** The lengths of the axes. */
    readonly shape: Shape,
    /** What fills the tensor when the module is placed on a device. */
    readonly initializer: Initializer,
    { pytorchAxes }: TensorLayout = {},
  ) {
    if (!shape.every((length) => Number.isSafeInteger(length) && length >= 1)) {
      throw new ShadegradError('INVALID_ARGUMENT', 'shape of a tensor of a module', {
        expected: 'whole numbers of at least 1',
        received: `[${shape.join(', ')}]`,
        fix: 'check the options that it is computed from',
      });
    }
    this.pytorchAxes = pytorchAxes ?? null;
    if (!pytorchAxes || (pytorchAxes.length === shape.length && shape.every((_, axis) => pytorchAxes.includes(axis)))) return;
    throw new ShadegradError('INVALID_ARGUMENT', 'pytorchAxes of a tensor of a module', {
      expected: `each axis from 0 to ${shape.length - 1} once`,
      received: `[${pytorchAxes.join(', ')}]`,
      fix: 'name the axes of the shape in the order in which PyTorch has them',
    });
  }

  /** The tensor on the device. @throws INVALID_ARGUMENT while the module is on none */
  get value(): Tensor {
    if (this.tensor) return this.tensor;
    throw notPlaced();
  }

  /** Whether the module is on a device. */
  get placed(): boolean {
    return this.tensor !== null;
  }

  /** The number of elements. */
  get size(): number {
    return elementCount(this.shape);
  }

  /** Sets the tensor that `value` returns; null when its memory is given back. Module.to() and dispose() call it. @internal */
  place(tensor: Tensor | null): void {
    this.tensor = tensor;
  }
}

/** A tensor of a module that is trained. */
export class Parameter extends ModuleTensor {
  /** Whether the tensor is trained: it is. */
  readonly trainable = true;
}

/** A tensor of a module that is kept with its parameters and not trained, such as running statistics: PyTorch's buffer. */
export class ModuleBuffer extends ModuleTensor {
  /** Whether the tensor is trained: it is not. */
  readonly trainable = false;
}

/** The error for a module that is used before to() or after dispose(). */
export function notPlaced(): ShadegradError {
  return new ShadegradError('INVALID_ARGUMENT', 'a module is used while it is on no device', {
    expected: 'module.to(gpu, { seed }) first',
    received: 'a module that was not placed, or that was disposed',
    fix: 'call to() once on the whole module, after it is built',
  });
}
