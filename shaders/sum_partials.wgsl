// Second stage of a sum over all elements: adds the partial sums of sum_terms.wgsl.
//
//   y[0] = factor * sum over k < partials of partial[k]
//
// partial (binding 0, shared/partial_sums.wgsl, prepended): [partials]. y (binding 1): one element, at y_base.
//
// One workgroup of 64 invocations. Dispatch: [1, 1, 1].

struct PartialsShape {
  partials: u32,
  y_base: u32,
  factor: f32,
}

@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> shape: PartialsShape;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32) {
  let sum = sum_of_partials(lane, shape.partials);
  if (lane == 0u) { y[shape.y_base] = shape.factor * sum; }
}
