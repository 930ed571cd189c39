// One step of Adam (Kingma and Ba 2015) with PyTorch's place for epsilon.
//
//   m[i] = beta1 m[i] + (1 - beta1) g[i]
//   v[i] = beta2 v[i] + (1 - beta2) g[i]^2
//   p[i] = p[i] - rate / (1 - beta1^t) * m[i] / (sqrt(v[i]) / sqrt(1 - beta2^t) + epsilon)      i < count
//
// Of a piece whose kind is COUPLED, first g[i] = g[i] + decay p[i], which is not written; DECOUPLED, first p[i] = decay p[i].
// Prepended is one of shared/moment_latest.wgsl and moment_largest.wgsl: what the root is taken of; its bindings follow those here.
// So is one of shared/gradient_unscaled.wgsl and gradient_scaled.wgsl: what is done with scaled losses.
// So is one of shared/block_whole.wgsl and block_pieces.wgsl: what a workgroup owns, and of what kind it is.
//
// p (binding 0), m (binding 1), v (binding 2), g (binding 3): [count] without gaps, each from its own base on.
// `element` (prepended) is vec4f when all four allow, else f32; count and bases are in units of it.
// hyper (binding 4): what changes from step to step, so that a recorded step stays right, from hyper_base on:
// [rate, beta1, beta2, epsilon, 1 - beta1^t, sqrt(1 - beta2^t), 1 - beta1, 1 - beta2, decay, t, log(beta1), log(beta2)]. The complements
// come from the host, because 1 - 0.999 in float32 is wrong by 5e-5. Where steps were left out because their gradients were not finite,
// of which the host does not hear, t is less by those, and the complements with it are made here, of the logarithms.
// NUMBERS (prepended): how many there are; several rows of them lie one after the other.
//
// One workgroup: WORKGROUP invocations. It owns a piece of neighbouring elements, of which an invocation takes every
// WORKGROUP-th. Dispatch: [x, y, 1] with x * y >= the number of pieces.

struct AdamShape {
  count: u32,
  each: u32,
  p_base: u32, m_base: u32, v_base: u32, g_base: u32,
  hyper_base: u32,
  largest_base: u32,
}

@group(0) @binding(0) var<storage, read_write> p: array<element>;
@group(0) @binding(1) var<storage, read_write> m: array<element>;
@group(0) @binding(2) var<storage, read_write> v: array<element>;
@group(0) @binding(3) var<storage, read> g: array<element>;
@group(0) @binding(4) var<storage, read> hyper: array<f32>;

const COUPLED = 1u;
const DECOUPLED = 2u;

// 1 - e^x for x <= 0, without cancellation: with u = 1 - e^(x/2) it is u (2 - u), and near zero a Taylor series.
fn complement(exponent: f32) -> f32 {
  // Beyond this it is 1.
  var x = max(exponent, -32.0);
  var doublings = 0u;
  for (; x < -0.25; doublings++) { x *= 0.5; }
  var u = -x * (1.0 + x / 2.0 * (1.0 + x / 3.0 * (1.0 + x / 4.0 * (1.0 + x / 5.0 * (1.0 + x / 6.0 * (1.0 + x / 7.0))))));
  for (; doublings > 0u; doublings--) { u *= 2.0 - u; }
  return u;
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  if (is_left_out()) { return; }
  let piece = piece_of(group.y * groups.x + group.x);
  let h = piece.hyper;
  var correction = hyper[h + 4u];
  var root_correction = hyper[h + 5u];
  let missed = steps_left_out(h / NUMBERS);
  if (missed > 0.0) {
    let t = hyper[h + 9u] - missed;
    correction = complement(t * hyper[h + 10u]);
    root_correction = sqrt(complement(t * hyper[h + 11u]));
  }
  let rate = hyper[h] / correction;
  let beta1 = hyper[h + 1u];
  let beta2 = hyper[h + 2u];
  let epsilon = hyper[h + 3u];
  let first_weight = hyper[h + 6u];
  let second_weight = hyper[h + 7u];
  var decay = 0.0;
  if (piece.kind != 0u) { decay = hyper[h + 8u]; }
  for (var i = piece.start + lane; i < piece.end; i += WORKGROUP) {
    var gradient = unscaled(g[shape.g_base + i]);
    if (piece.kind == COUPLED) { gradient += decay * p[shape.p_base + i]; }
    let first = beta1 * m[shape.m_base + i] + first_weight * gradient;
    let second = beta2 * v[shape.v_base + i] + second_weight * gradient * gradient;
    m[shape.m_base + i] = first;
    v[shape.v_base + i] = second;
    if (piece.kind == DECOUPLED) { p[shape.p_base + i] *= decay; }
    p[shape.p_base + i] -= rate * first / (sqrt(moment(i, second)) / root_correction + epsilon);
  }
}
