// Second stage of a sum over all elements: adds the partial sums of sum_terms.wgsl in a fixed tree.
//
//   y[0] = factor * sum over k < partials of partial[k]
//
// partial (binding 0): [partials]. y (binding 1): one element, at y_base.
//
// One workgroup of 64 invocations does it all: each adds every 64th partial sum, then halves of the workgroup are
// added to each other six times, in workgroup memory. Dispatch: [1, 1, 1].

struct PartialsShape {
  partials: u32,
  y_base: u32,
  factor: f32,
}

@group(0) @binding(0) var<storage, read> partial: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> shape: PartialsShape;

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
  if (lane == 0u) { y[shape.y_base] = shape.factor * sums[0]; }
}
