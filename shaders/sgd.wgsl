// One step of stochastic gradient descent, with momentum where b is bound, in PyTorch's form.
//
//   d    = g[i] + decay p[i]                                  DECAYS, else g[i]
//   b[i] = kept b[i] + taken d                                MOMENTUM
//   d    = d + momentum b[i] (NESTEROV), else b[i]            MOMENTUM
//   p[i] = p[i] - rate d                                      i < count
//
// DECAYS, MOMENTUM and NESTEROV are bits of the kind of a piece: prepended is one of shared/block_whole.wgsl and block_pieces.wgsl,
// what a workgroup owns and of what kind it is.
//
// p (binding 0), g (binding 1), b (prepended file, after those here): [count] without gaps, each from its own base on.
// `element` (prepended) is vec4f when all allow, else f32; count and bases are in units of it.
// hyper (binding 2): what changes from step to step, so that a recorded step stays right, from hyper_base on:
// [rate, kept, taken, momentum, decay, t]. At the first step kept is 0 and taken 1; then momentum and 1 - dampening. Where steps before t
// were left out because their gradients were not finite, of which the host does not hear, the first step is the first of the others.
// NUMBERS (prepended): how many there are; several rows of them lie one after the other.
//
// One workgroup: WORKGROUP invocations. It owns a piece of neighbouring elements, of which an invocation takes every
// WORKGROUP-th. Dispatch: [x, y, 1] with x * y >= the number of pieces.

struct SgdShape {
  count: u32,
  each: u32,
  p_base: u32, g_base: u32,
  hyper_base: u32,
  b_base: u32,
}

@group(0) @binding(0) var<storage, read_write> p: array<element>;
@group(0) @binding(1) var<storage, read> g: array<element>;
@group(0) @binding(2) var<storage, read> hyper: array<f32>;

const DECAYS = 1u;
const MOMENTUM = 2u;
const NESTEROV = 4u;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  if (is_left_out()) { return; }
  let piece = piece_of(group.y * groups.x + group.x);
  let h = piece.hyper;
  // Read here once: a compiler must take for granted that the writes below may change it.
  let rate = hyper[h];
  var sums = vec3f(hyper[h + 1u], hyper[h + 2u], hyper[h + 3u]);
  if (hyper[h + 5u] - steps_left_out(h / NUMBERS) == 1.0) { sums = vec3f(0.0, 1.0, sums.z); }
  let decay = hyper[h + 4u];
  for (var i = piece.start + lane; i < piece.end; i += WORKGROUP) {
    let before = p[shape.p_base + i];
    var gradient = unscaled(g[shape.g_base + i]);
    if ((piece.kind & DECAYS) != 0u) { gradient += decay * before; }
    p[shape.p_base + i] = before - rate * direction(i, gradient, sums, piece.kind);
  }
}
