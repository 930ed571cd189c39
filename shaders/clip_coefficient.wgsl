// From partial sums of squares of all gradients: their norm, and what they are to be multiplied with.
//
//   norm[0] = sqrt(sum over k < partials of partial[k])
//   coefficient[0] = min(1, max_norm / (norm[0] + 1e-6)), or -1 where the norm is not finite and ZEROED (prepended) is true
//
// A NaN in the partial sums is one in both results. partial (binding 0): [partials]. norm (binding 1): one element, at norm_base.
// coefficient (binding 2): one element, at coefficient_base.
//
// One workgroup of 64 invocations adds as sum_partials.wgsl does, in a fixed tree. Dispatch: [1, 1, 1].

struct ClipShape {
  partials: u32,
  norm_base: u32,
  coefficient_base: u32,
  max_norm: f32,
}

@group(0) @binding(0) var<storage, read> partial: array<f32>;
@group(0) @binding(1) var<storage, read_write> norm: array<f32>;
@group(0) @binding(2) var<storage, read_write> coefficient: array<f32>;
@group(0) @binding(3) var<uniform> shape: ClipShape;

// Partial sums that are added up before they join the sum: rounding errors grow with the length of a chain of additions.
const RUN = 16u;

var<workgroup> sums: array<f32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32) {
  var sum = 0.0;
  var k = lane;
  while (k < shape.partials) {
    var run = 0.0;
    for (var r = 0u; r < RUN && k < shape.partials; r++) {
      run += partial[k];
      k += 64u;
    }
    sum += run;
  }
  sums[lane] = sum;
  for (var width = 32u; width > 0u; width /= 2u) {
    workgroupBarrier();
    if (lane < width) { sums[lane] += sums[lane + width]; }
  }
  if (lane != 0u) { return; }
  let total = sqrt(sums[0]);
  norm[shape.norm_base] = total;
  var factor = shape.max_norm / (total + 1e-6);
  // Not min(): of a NaN and a number WGSL may return either.
  if (factor > 1.0) { factor = 1.0; }
  // By its bits: a compiler may take for granted that there are no infinities and NaNs.
  if (ZEROED && (bitcast<u32>(total) & 0x7f800000u) == 0x7f800000u) { factor = -1.0; }
  coefficient[shape.coefficient_base] = factor;
}
