import { elu, gelu, leakyRelu, relu, sigmoid, silu, softplus, tanh } from '../../autograd/ops.js';
import type { GeluOptions } from '../../autograd/ops/unary.js';
import { expectOptions } from '../../tensor/options.js';
import type { Tensor } from '../../tensor/tensor.js';
import { forwardOptions, type ForwardOptions } from '../forward.js';
import { Module } from '../module.js';
import { checkNumber, refused } from '../options.js';

/** max(x, 0), as a layer. */
export class ReLU extends Module {
  /** @param x of any shape @throws as relu() */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const { out } = forwardOptions(this, options);
    return relu(x, { out });
  }
}

/** x where positive, slope * x elsewhere, as a layer. */
export class LeakyReLU extends Module {
  /** @param slope below zero. Default 0.01, as in PyTorch; pix2pix has 0.2 */
  constructor(readonly slope = 0.01) {
    super();
  }

  /** @param x of any shape @throws as leakyRelu() */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const { out } = forwardOptions(this, options);
    return leakyRelu(x, this.slope, { out });
  }
}

/** Hyperbolic tangent, as a layer. */
export class Tanh extends Module {
  /** @param x of any shape @throws as tanh() */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const { out } = forwardOptions(this, options);
    return tanh(x, { out });
  }
}

/** 1 / (1 + exp(-x)), as a layer. */
export class Sigmoid extends Module {
  /** @param x of any shape @throws as sigmoid() */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const { out } = forwardOptions(this, options);
    return sigmoid(x, { out });
  }
}

/** x times the normal distribution's share below x, as a layer. */
export class GELU extends Module {
  private readonly approximate: GeluOptions['approximate'];

  /** @param options `approximate`: 'tanh' for the approximation that some networks were trained with. Default 'none' */
  constructor(options: Pick<GeluOptions, 'approximate'> = {}) {
    super();
    const { approximate = 'none' } = expectOptions('a GELU', options, ['approximate']);
    this.approximate = approximate;
  }

  /** @param x of any shape @throws as gelu() */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const { out } = forwardOptions(this, options);
    return gelu(x, { approximate: this.approximate, out });
  }
}

/** x * sigmoid(x), as a layer; also called Swish. */
export class SiLU extends Module {
  /** @param x of any shape @throws as silu() */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const { out } = forwardOptions(this, options);
    return silu(x, { out });
  }
}

/** x above zero, alpha (exp(x) - 1) below (Clevert et al. 2015), as a layer. */
export class ELU extends Module {
  /** @param alpha default 1 @throws INVALID_ARGUMENT */
  constructor(readonly alpha = 1) {
    super();
    if (!Number.isFinite(alpha)) throw refused('alpha of an ELU', 'a finite number', alpha);
  }

  /** @param x of any shape @throws as elu() */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const { out } = forwardOptions(this, options);
    return elu(x, this.alpha, { out });
  }
}

/** log(1 + exp(beta x)) / beta, as a layer. Right for every x, so that PyTorch's threshold is not needed. */
export class Softplus extends Module {
  /** @param beta above 0; default 1 @throws INVALID_ARGUMENT */
  constructor(readonly beta = 1) {
    super();
    checkNumber('beta of a Softplus', beta, true);
  }

  /** @param x of any shape @throws as softplus() */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const { out } = forwardOptions(this, options);
    return softplus(x, this.beta, { out });
  }
}
