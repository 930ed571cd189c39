import addSource from '../../shaders/functions/add.wgsl';
import divSource from '../../shaders/functions/div.wgsl';
import eluGradSource from '../../shaders/functions/elu_grad.wgsl';
import equalSource from '../../shaders/functions/equal.wgsl';
import geluGradSource from '../../shaders/functions/gelu_grad.wgsl';
import geluTanhGradSource from '../../shaders/functions/gelu_tanh_grad.wgsl';
import greaterSource from '../../shaders/functions/greater.wgsl';
import greaterEqualSource from '../../shaders/functions/greater_equal.wgsl';
import lessSource from '../../shaders/functions/less.wgsl';
import lessEqualSource from '../../shaders/functions/less_equal.wgsl';
import maximumSource from '../../shaders/functions/maximum.wgsl';
import maximumShareSource from '../../shaders/functions/maximum_share.wgsl';
import minimumSource from '../../shaders/functions/minimum.wgsl';
import mulSource from '../../shaders/functions/mul.wgsl';
import notEqualSource from '../../shaders/functions/not_equal.wgsl';
import powSource from '../../shaders/functions/pow.wgsl';
import siluGradSource from '../../shaders/functions/silu_grad.wgsl';
import softplusGradSource from '../../shaders/functions/softplus_grad.wgsl';
import subSource from '../../shaders/functions/sub.wgsl';
import { distribution, exponential, row } from './functions.js';

// Functions of two elements.
// Each is an export of its own, so that a bundle holds those that it uses.

export const add = /* @__PURE__ */ row('add', addSource);
export const sub = /* @__PURE__ */ row('sub', subSource);
export const mul = /* @__PURE__ */ row('mul', mulSource);
export const div = /* @__PURE__ */ row('div', divSource);
export const minimum = /* @__PURE__ */ row('minimum', minimumSource, exponential);
export const maximum = /* @__PURE__ */ row('maximum', maximumSource, exponential);
export const maximumShare = /* @__PURE__ */ row('maximumShare', maximumShareSource);
export const equal = /* @__PURE__ */ row('equal', equalSource);
export const notEqual = /* @__PURE__ */ row('notEqual', notEqualSource);
export const greater = /* @__PURE__ */ row('greater', greaterSource);
export const greaterEqual = /* @__PURE__ */ row('greaterEqual', greaterEqualSource);
export const less = /* @__PURE__ */ row('less', lessSource);
export const lessEqual = /* @__PURE__ */ row('lessEqual', lessEqualSource);
export const pow = /* @__PURE__ */ row('pow', powSource, exponential);
export const softplusGrad = /* @__PURE__ */ row('softplusGrad', softplusGradSource, exponential);
export const siluGrad = /* @__PURE__ */ row('siluGrad', siluGradSource, exponential);
export const eluGrad = /* @__PURE__ */ row('eluGrad', eluGradSource, exponential);
export const geluGrad = /* @__PURE__ */ row('geluGrad', geluGradSource, distribution);
export const geluTanhGrad = /* @__PURE__ */ row('geluTanhGrad', geluTanhGradSource, exponential);
