// Whether gradients hold a NaN or an infinity: what decides about a step in mixed precision.
//
//   state[2] = 1 if any g[i] is not finite, else what it was      i < count
//
// g (binding 0): [count] without gaps, from g_base on. state (binding 1): the numbers of a LossScale, from state_base on; written as
// bits, so that invocations may write the same word at once.
// Which elements an invocation owns and what the dispatch is: see shared/stretch.wgsl.

struct CheckShape {
  count: u32,
  g_base: u32,
  state_base: u32,
}

@group(0) @binding(0) var<storage, read> g: array<element>;
@group(0) @binding(1) var<storage, read_write> state: array<atomic<u32>>;
@group(0) @binding(2) var<uniform> shape: CheckShape;

const ONE = 0x3f800000u;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let own = stretch(group, groups, lane, shape.count);
  var strange = false;
  for (var i = own.first; i < own.end; i += 64u) {
    // By the bits, in four lanes of which a single number fills all: compilers may take for granted that numbers are finite.
    let bits = bitcast<vec4u>(vec4f(g[shape.g_base + i]));
    strange = strange || any((bits & vec4u(0x7f800000u)) == vec4u(0x7f800000u));
  }
  if (strange) { atomicStore(&state[shape.state_base + 2u], ONE); }
}
