// As clip_coefficient.wgsl, of gradients of a loss that is scaled: their norm without the scale, and what they are to be multiplied with.
//
//   norm[0] = sqrt(sum over k < partials of partial[k]) / scale[0]
//   coefficient[0] = min(1, max_norm / (norm[0] + 1e-6)), or -1 where the norm is not finite and ZEROED (prepended) is true
//
// A NaN in the partial sums is one in both results. partial (binding 0, shared/partial_sums.wgsl, prepended): [partials]. norm
// (binding 1): one element, at norm_base. coefficient (binding 2): one element, at coefficient_base. scale (binding 3): of a LossScale,
// at scale_base.
//
// One workgroup of 64 invocations. Dispatch: [1, 1, 1].

struct ClipShape {
  partials: u32,
  norm_base: u32,
  coefficient_base: u32,
  scale_base: u32,
  max_norm: f32,
}

@group(0) @binding(1) var<storage, read_write> norm: array<f32>;
@group(0) @binding(2) var<storage, read_write> coefficient: array<f32>;
@group(0) @binding(3) var<storage, read> scale: array<f32>;
@group(0) @binding(4) var<uniform> shape: ClipShape;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32) {
  let sum = sum_of_partials(lane, shape.partials);
  if (lane != 0u) { return; }
  let total = sqrt(sum) / scale[shape.scale_base];
  norm[shape.norm_base] = total;
  var factor = shape.max_norm / (total + 1e-6);
  // Not min(): of a NaN and a number WGSL may return either.
  if (factor > 1.0) { factor = 1.0; }
  // By its bits: a compiler may take for granted that there are no infinities and NaNs.
  if (ZEROED && (bitcast<u32>(total) & 0x7f800000u) == 0x7f800000u) { factor = -1.0; }
  coefficient[shape.coefficient_base] = factor;
}
