// Adds the partial weight gradients of conv2d_weight_grad.wgsl, always in the order of the splits.
//
//   dw[i] = (dw[i] if ACCUMULATE) + sum over s of partial[s][i],   i < count
//
// partial (binding 0): [splits][stride], of which the first `count` each. dw (binding 1): [count], starting at `base`.
// One invocation owns one weight. Dispatch: [x, y, 1] with x * y * 64 >= count.

struct ReduceShape {
  count: u32,
  splits: u32,
  stride: u32,
  base: u32,
}

@group(0) @binding(0) var<storage, read> partial: array<f32>;
@group(0) @binding(1) var<storage, read_write> dw: array<f32>;
@group(0) @binding(2) var<uniform> reduce: ReduceShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * groups.x + group.x) * 64u + lane;
  if (i >= reduce.count) { return; }
  var sum = 0.0;
  if (ACCUMULATE) { sum = dw[reduce.base + i]; }
  for (var s = 0u; s < reduce.splits; s++) {
    sum += partial[s * reduce.stride + i];
  }
  dw[reduce.base + i] = sum;
}
