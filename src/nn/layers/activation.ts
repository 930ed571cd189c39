import { elu, gelu, leakyRelu, relu, sigmoid, silu, softplus, tanh } from '../../autograd/ops.js';
import type { GeluOptions } from '../../autograd/ops/unary.js';
import { isFloat } from '../../gpu/params.js';
import { expectOptions } from '../../checks.js';
import type { Tensor } from '../../tensor/tensor.js';
import { forwardOptions, type ForwardOptions } from '../forward.js';
import { Module } from '../module.js';
import { checkChoice, checkNumber, refused } from '../options.js';

/** A layer that applies ReLU: max(x, 0); torch.nn.ReLU. */
export class ReLU extends Module {
  /**
   * Applies relu() to every element.
   *
   * @param x of any shape
   * @throws as relu(): SHAPE_MISMATCH, INVALID_ARGUMENT, USE_AFTER_FREE, DEVICE_MISMATCH
   */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const { out } = forwardOptions(this, options);
    return relu(x, { out });
  }
}

/** A layer that applies leaky ReLU: x where positive, slope x elsewhere; torch.nn.LeakyReLU. */
export class LeakyReLU extends Module {
  /**
   * Builds the layer.
   *
   * @param slope the factor below zero. Default 0.01, as in PyTorch; pix2pix has 0.2
   * @throws INVALID_ARGUMENT unless it is finite
   */
  constructor(readonly slope = 0.01) {
    super();
    if (!isFloat(slope)) throw refused('slope of a LeakyReLU', 'a finite number', slope);
  }

  /**
   * Applies leakyRelu() to every element.
   *
   * @param x of any shape
   * @throws as leakyRelu(): SHAPE_MISMATCH, INVALID_ARGUMENT, USE_AFTER_FREE, DEVICE_MISMATCH
   */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const { out } = forwardOptions(this, options);
    return leakyRelu(x, this.slope, { out });
  }
}

/** A layer that takes the hyperbolic tangent; torch.nn.Tanh. */
export class Tanh extends Module {
  /**
   * Applies tanh() to every element.
   *
   * @param x of any shape
   * @throws as tanh(): SHAPE_MISMATCH, INVALID_ARGUMENT, USE_AFTER_FREE, DEVICE_MISMATCH
   */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const { out } = forwardOptions(this, options);
    return tanh(x, { out });
  }
}

/** A layer that applies the logistic function: 1 / (1 + exp(-x)); torch.nn.Sigmoid. */
export class Sigmoid extends Module {
  /**
   * Applies sigmoid() to every element.
   *
   * @param x of any shape
   * @throws as sigmoid(): SHAPE_MISMATCH, INVALID_ARGUMENT, USE_AFTER_FREE, DEVICE_MISMATCH
   */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const { out } = forwardOptions(this, options);
    return sigmoid(x, { out });
  }
}

/** A layer that applies GELU: x times the normal distribution function at x (Hendrycks and Gimpel 2016); torch.nn.GELU. */
export class GELU extends Module {
  private readonly approximate: GeluOptions['approximate'];

  /**
   * Builds the layer.
   *
   * @param options `approximate`: 'tanh' for the approximation that some networks were trained with. Default 'none'
   * @throws INVALID_ARGUMENT for options of other names, or another approximation
   */
  constructor(options: Pick<GeluOptions, 'approximate'> = {}) {
    super();
    const { approximate = 'none' } = expectOptions('a GELU', options, ['approximate']);
    checkChoice('approximate of a GELU', approximate, ['none', 'tanh']);
    this.approximate = approximate;
  }

  /**
   * Applies gelu() to every element.
   *
   * @param x of any shape
   * @throws as gelu(): SHAPE_MISMATCH, INVALID_ARGUMENT, USE_AFTER_FREE, DEVICE_MISMATCH
   */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const { out } = forwardOptions(this, options);
    return gelu(x, { approximate: this.approximate, out });
  }
}

/** A layer that applies SiLU, also called swish: x sigmoid(x) (Elfwing et al. 2017); torch.nn.SiLU. */
export class SiLU extends Module {
  /**
   * Applies silu() to every element.
   *
   * @param x of any shape
   * @throws as silu(): SHAPE_MISMATCH, INVALID_ARGUMENT, USE_AFTER_FREE, DEVICE_MISMATCH
   */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const { out } = forwardOptions(this, options);
    return silu(x, { out });
  }
}

/** x above zero, alpha (exp(x) - 1) below (Clevert et al. 2015), as a layer. */
export class ELU extends Module {
  /** What the function comes to far below zero, with the sign turned. */
  readonly alpha: number;

  /** Makes the layer. @param alpha default 1 @throws INVALID_ARGUMENT unless it is finite */
  constructor(alpha = 1) {
    super();
    if (!isFloat(alpha)) throw refused('alpha of an ELU', 'a finite number', alpha);
    this.alpha = alpha;
  }

  /** Applies the function to each element. @param x of any shape @throws SHAPE_MISMATCH, INVALID_ARGUMENT, as elu() */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const { out } = forwardOptions(this, options);
    return elu(x, this.alpha, { out });
  }
}

/** log(1 + exp(beta x)) / beta, as a layer. Right for every x, so that PyTorch's threshold is not needed. */
export class Softplus extends Module {
  /** Makes the layer. @param beta above 0; default 1 @throws INVALID_ARGUMENT for another */
  constructor(readonly beta = 1) {
    super();
    checkNumber('beta of a Softplus', beta, true);
  }

  /** Applies the function to each element. @param x of any shape @throws SHAPE_MISMATCH, INVALID_ARGUMENT, as softplus() */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const { out } = forwardOptions(this, options);
    return softplus(x, this.beta, { out });
  }
}
