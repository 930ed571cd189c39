// Partial sums, as sum_terms.wgsl leaves them, added up in a fixed tree by one workgroup of 64 invocations: each adds every 64th, then
// halves of the workgroup are added to each other six times, in workgroup memory. A NaN among them is one in the sum.
//
// partial (binding 0): at least `count` of them.

@group(0) @binding(0) var<storage, read> partial: array<f32>;

// Partial sums that are added up before they join the sum: rounding errors grow with the length of a chain of additions.
const RUN = 16u;

var<workgroup> sums: array<f32, 64>;

// What it returns in invocation 0 is the sum of the first `count`. To be called by all 64.
fn sum_of_partials(lane: u32, count: u32) -> f32 {
  var sum = 0.0;
  var k = lane;
  while (k < count) {
    var run = 0.0;
    for (var r = 0u; r < RUN && k < count; r++) {
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
  return sums[lane];
}
