import absSource from '../../shaders/functions/abs.wgsl';
import clampSource from '../../shaders/functions/clamp.wgsl';
import eluSource from '../../shaders/functions/elu.wgsl';
import expSource from '../../shaders/functions/exp.wgsl';
import geluSource from '../../shaders/functions/gelu.wgsl';
import geluTanhSource from '../../shaders/functions/gelu_tanh.wgsl';
import identitySource from '../../shaders/functions/identity.wgsl';
import logSource from '../../shaders/functions/log.wgsl';
import negSource from '../../shaders/functions/neg.wgsl';
import reciprocalSource from '../../shaders/functions/reciprocal.wgsl';
import signSource from '../../shaders/functions/sign.wgsl';
import siluSource from '../../shaders/functions/silu.wgsl';
import softplusSource from '../../shaders/functions/softplus.wgsl';
import sqrtSource from '../../shaders/functions/sqrt.wgsl';
import squareSource from '../../shaders/functions/square.wgsl';
import withinSource from '../../shaders/functions/within.wgsl';
import { distribution, exponential, row } from './functions.js';

// Functions of one element.
// Each is an export of its own, so that a bundle holds those that it uses.

export const identity = /* @__PURE__ */ row('identity', identitySource);
export const neg = /* @__PURE__ */ row('neg', negSource);
export const exp = /* @__PURE__ */ row('exp', expSource, exponential);
export const log = /* @__PURE__ */ row('log', logSource, exponential);
export const sqrt = /* @__PURE__ */ row('sqrt', sqrtSource);
export const square = /* @__PURE__ */ row('square', squareSource);
export const abs = /* @__PURE__ */ row('abs', absSource);
export const sign = /* @__PURE__ */ row('sign', signSource);
export const reciprocal = /* @__PURE__ */ row('reciprocal', reciprocalSource);
export const within = /* @__PURE__ */ row('within', withinSource);
export const clamp = /* @__PURE__ */ row('clamp', clampSource);
export const softplus = /* @__PURE__ */ row('softplus', softplusSource, exponential);
export const silu = /* @__PURE__ */ row('silu', siluSource, exponential);
export const elu = /* @__PURE__ */ row('elu', eluSource, exponential);
export const gelu = /* @__PURE__ */ row('gelu', geluSource, distribution);
export const geluTanh = /* @__PURE__ */ row('geluTanh', geluTanhSource, exponential);
