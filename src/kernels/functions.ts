import exponentialSource from '../../shaders/shared/exponential.wgsl';
import normalCdfSource from '../../shaders/shared/normal_cdf.wgsl';
import absSource from '../../shaders/functions/abs.wgsl';
import addSource from '../../shaders/functions/add.wgsl';
import clampSource from '../../shaders/functions/clamp.wgsl';
import divSource from '../../shaders/functions/div.wgsl';
import eluSource from '../../shaders/functions/elu.wgsl';
import eluGradSource from '../../shaders/functions/elu_grad.wgsl';
import equalSource from '../../shaders/functions/equal.wgsl';
import expSource from '../../shaders/functions/exp.wgsl';
import geluSource from '../../shaders/functions/gelu.wgsl';
import geluGradSource from '../../shaders/functions/gelu_grad.wgsl';
import geluTanhSource from '../../shaders/functions/gelu_tanh.wgsl';
import geluTanhGradSource from '../../shaders/functions/gelu_tanh_grad.wgsl';
import greaterSource from '../../shaders/functions/greater.wgsl';
import greaterEqualSource from '../../shaders/functions/greater_equal.wgsl';
import identitySource from '../../shaders/functions/identity.wgsl';
import lessSource from '../../shaders/functions/less.wgsl';
import lessEqualSource from '../../shaders/functions/less_equal.wgsl';
import logSource from '../../shaders/functions/log.wgsl';
import maximumSource from '../../shaders/functions/maximum.wgsl';
import maximumShareSource from '../../shaders/functions/maximum_share.wgsl';
import minimumSource from '../../shaders/functions/minimum.wgsl';
import mulSource from '../../shaders/functions/mul.wgsl';
import negSource from '../../shaders/functions/neg.wgsl';
import notEqualSource from '../../shaders/functions/not_equal.wgsl';
import powSource from '../../shaders/functions/pow.wgsl';
import reciprocalSource from '../../shaders/functions/reciprocal.wgsl';
import signSource from '../../shaders/functions/sign.wgsl';
import siluSource from '../../shaders/functions/silu.wgsl';
import siluGradSource from '../../shaders/functions/silu_grad.wgsl';
import softplusSource from '../../shaders/functions/softplus.wgsl';
import softplusGradSource from '../../shaders/functions/softplus_grad.wgsl';
import sqrtSource from '../../shaders/functions/sqrt.wgsl';
import squareSource from '../../shaders/functions/square.wgsl';
import subSource from '../../shaders/functions/sub.wgsl';
import withinSource from '../../shaders/functions/within.wgsl';

/** A function of single elements, in WGSL: `fn apply(x: element) -> element`, or of `(a: element, b: element)`. */
export interface ElementFunction {
  /** What the kernel is called in errors and timings. */
  readonly name: string;
  /** The files it consists of. */
  readonly sources: readonly string[];
}

/** What function files call the types of an element, of its bits, of a whole number and of a truth: four at a time, or one. */
export const VECTOR_TYPES = { element: 'vec4f', words: 'vec4u', whole: 'vec4i', truth: 'vec4<bool>' };
export const SCALAR_TYPES = { element: 'f32', words: 'u32', whole: 'i32', truth: 'bool' };

const exponential = [exponentialSource];
const distribution = [exponentialSource, normalCdfSource];

/** A function by its file of shaders/functions/, and the files that it calls. */
function row(name: string, source: string, uses: readonly string[] = []): ElementFunction {
  return { name, sources: [...uses, source] };
}

/** Functions of one element. */
export const unaryFunctions = {
  identity: row('identity', identitySource),
  neg: row('neg', negSource),
  exp: row('exp', expSource, exponential),
  log: row('log', logSource, exponential),
  sqrt: row('sqrt', sqrtSource),
  square: row('square', squareSource),
  abs: row('abs', absSource),
  sign: row('sign', signSource),
  reciprocal: row('reciprocal', reciprocalSource),
  within: row('within', withinSource),
  clamp: row('clamp', clampSource),
  softplus: row('softplus', softplusSource, exponential),
  silu: row('silu', siluSource, exponential),
  elu: row('elu', eluSource, exponential),
  gelu: row('gelu', geluSource, distribution),
  geluTanh: row('geluTanh', geluTanhSource, exponential),
};

/** Functions of two elements. */
export const binaryFunctions = {
  add: row('add', addSource),
  sub: row('sub', subSource),
  mul: row('mul', mulSource),
  div: row('div', divSource),
  minimum: row('minimum', minimumSource, exponential),
  maximum: row('maximum', maximumSource, exponential),
  maximumShare: row('maximumShare', maximumShareSource),
  equal: row('equal', equalSource),
  notEqual: row('notEqual', notEqualSource),
  greater: row('greater', greaterSource),
  greaterEqual: row('greaterEqual', greaterEqualSource),
  less: row('less', lessSource),
  lessEqual: row('lessEqual', lessEqualSource),
  pow: row('pow', powSource, exponential),
  softplusGrad: row('softplusGrad', softplusGradSource, exponential),
  siluGrad: row('siluGrad', siluGradSource, exponential),
  eluGrad: row('eluGrad', eluGradSource, exponential),
  geluGrad: row('geluGrad', geluGradSource, distribution),
  geluTanhGrad: row('geluTanhGrad', geluTanhGradSource, exponential),
};
