// Normalisation by groups with given statistics.
//
//   y[n, r, c] = (x[n, r, c] - mean[n, g]) * inverse_std[n, g]        with g the group of channel c
//
// x (binding 0), y (binding 3): see shared/norm_shape.wgsl. mean, inverse_std (bindings 1, 2): [images][groups].
// One invocation owns one lane of one chunk of the rows of one image, so that its statistics are loaded once.
// Dispatch: [x, y, 1] with x * y * 64 >= images * chunks * lanes.

@group(0) @binding(0) var<storage, read> x: array<x_element>;
@group(0) @binding(1) var<storage, read> mean: array<f32>;
@group(0) @binding(2) var<storage, read> inverse_std: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<y_element>;
@group(0) @binding(4) var<uniform> shape: NormShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane_index: u32) {
  let own = chunk_of(group, groups, lane_index);
  if (!own.exists) { return; }
  let c = own.lane * LANE_WIDTH;
  let g = vec4u(group_of(own.image, c), group_of(own.image, c + 1u), group_of(own.image, c + 2u), group_of(own.image, c + 3u));
  let centre = lane_of(mean[g.x], mean[g.y], mean[g.z], mean[g.w]);
  let scale = lane_of(inverse_std[g.x], inverse_std[g.y], inverse_std[g.z], inverse_std[g.w]);
  let source = shape.x_base + own.image * shape.x_image + own.lane;
  let to = shape.y_base + own.image * shape.y_image + own.lane;
  for (var row = own.first; row < own.end; row++) {
    y[to + row * shape.y_row] = y_element((lane(x[source + row * shape.x_row]) - centre) * scale);
  }
}
