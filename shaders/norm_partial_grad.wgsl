// First part of the gradient of a normalisation by groups: sums over each chunk of rows, channel by channel.
//
//   products[n, k, c] = sum over the rows r of chunk k of dy[n, r, c] * (x[n, r, c] - mean[n, g])
//   sums[n, k, c]     = sum over r of dy[n, r, c]
//
// x (binding 0), dy (binding 1): see shared/norm_shape.wgsl. mean (binding 2): [images][groups].
// partial (binding 3): [images][chunks][2][channels], products then sums.
// One invocation owns one lane of one chunk. Dispatch: [x, y, 1] with x * y * 64 >= images * chunks * lanes.

@group(0) @binding(0) var<storage, read> x: array<x_element>;
@group(0) @binding(1) var<storage, read> dy: array<dy_element>;
@group(0) @binding(2) var<storage, read> mean: array<f32>;
@group(0) @binding(3) var<storage, read_write> partial: array<lane>;
@group(0) @binding(4) var<uniform> shape: NormShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane_index: u32) {
  let own = chunk_of(group, groups, lane_index);
  if (!own.exists) { return; }
  let c = own.lane * LANE_WIDTH;
  let g = vec4u(group_of(own.image, c), group_of(own.image, c + 1u), group_of(own.image, c + 2u), group_of(own.image, c + 3u));
  let centre = lane_of(mean[g.x], mean[g.y], mean[g.z], mean[g.w]);
  let source = shape.x_base + own.image * shape.x_image + own.lane;
  let gradients = shape.dy_base + own.image * shape.dy_image + own.lane;
  var products = lane();
  var sums = lane();
  for (var row = own.first; row < own.end; row++) {
    let gradient = lane(dy[gradients + row * shape.dy_row]);
    products += gradient * (lane(x[source + row * shape.x_row]) - centre);
    sums += gradient;
  }
  let at = (own.image * shape.chunks + own.index) * 2u * shape.lanes + own.lane;
  partial[at] = products;
  partial[at + shape.lanes] = sums;
}
