// Last part of the statistics of a normalisation by groups: merges the channels of each group, always in their order, by
// the formula of batch_norm_statistics.wgsl for parts of equal size.
//
//   mean[n, g] = x[n, 0, first of g] + merged mean,  inverse_std[n, g] = 1 / sqrt(merged squares / (rows * group_size) + epsilon)
//
// x (binding 0): [images][rows][channels], of which row 0 is read: each channel's mean is relative to it.
// merged (binding 1): [images][2][channels]. mean, inverse_std (bindings 2, 3): [images][groups]. Lanes are single channels here.
// One invocation owns one group of one image. Dispatch: [x, y, 1] with x * y * 64 >= images * groups.

@group(0) @binding(0) var<storage, read> x: array<x_element>;
@group(0) @binding(1) var<storage, read> merged: array<f32>;
@group(0) @binding(2) var<storage, read_write> mean: array<f32>;
@group(0) @binding(3) var<storage, read_write> inverse_std: array<f32>;
@group(0) @binding(4) var<uniform> shape: NormShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane_index: u32) {
  let i = (group.y * groups.x + group.x) * 64u + lane_index;
  let image = i / shape.groups;
  if (image >= shape.images) { return; }
  let first = (i - image * shape.groups) * shape.group_size;
  let start = image * 2u * shape.lanes + first;
  let pivots = shape.x_base + image * shape.x_image + first;
  let pivot = f32(x[pivots]);
  var group_mean = merged[start];
  var squares = merged[start + shape.lanes];
  let rows = f32(shape.rows);
  for (var c = 1u; c < shape.group_size; c++) {
    let delta = f32(x[pivots + c]) - pivot + merged[start + c] - group_mean;
    group_mean += delta / f32(c + 1u);
    squares += merged[start + c + shape.lanes] + delta * delta * (rows * (f32(c) / f32(c + 1u)));
  }
  mean[i] = pivot + group_mean;
  inverse_std[i] = inverseSqrt(squares / (rows * f32(shape.group_size)) + shape.epsilon);
}
