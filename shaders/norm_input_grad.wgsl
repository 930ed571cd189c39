// Gradient of a normalisation by groups with respect to its input.
//
//   dx[n, r, c] = inverse_std[n, g] * (dy[n, r, c] - mean of dy - xhat[n, r, c] * mean of (dy * xhat))
//
// the means over all rows and channels of group g, xhat = (x - mean) * inverse_std; the three terms as for batch norm
// (Ioffe & Szegedy, arXiv:1502.03167, section 3).
//
// x (binding 0), dy (binding 1), dx (binding 5): see shared/norm_shape.wgsl, dx is its y.
// mean, inverse_std (bindings 2, 3): [images][groups]. slopes (binding 4): [images][2][groups], of norm_group_grad.wgsl: the
// mean of dy * xhat times inverse_std, then the mean of dy.
// One invocation owns one lane of one chunk of the rows of one image. Dispatch: [x, y, 1] with x * y * 64 >= images * chunks * lanes.

@group(0) @binding(0) var<storage, read> x: array<x_element>;
@group(0) @binding(1) var<storage, read> dy: array<dy_element>;
@group(0) @binding(2) var<storage, read> mean: array<f32>;
@group(0) @binding(3) var<storage, read> inverse_std: array<f32>;
@group(0) @binding(4) var<storage, read> slopes: array<f32>;
@group(0) @binding(5) var<storage, read_write> dx: array<dx_element>;
@group(0) @binding(6) var<uniform> shape: NormShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane_index: u32) {
  let own = chunk_of(group, groups, lane_index);
  if (!own.exists) { return; }
  let c = own.lane * LANE_WIDTH;
  let g = vec4u(group_of(own.image, c), group_of(own.image, c + 1u), group_of(own.image, c + 2u), group_of(own.image, c + 3u));
  let s = g + own.image * shape.groups;
  let centre = lane_of(mean[g.x], mean[g.y], mean[g.z], mean[g.w]);
  let scale = lane_of(inverse_std[g.x], inverse_std[g.y], inverse_std[g.z], inverse_std[g.w]);
  let slope = lane_of(slopes[s.x], slopes[s.y], slopes[s.z], slopes[s.w]);
  let offset = lane_of(slopes[s.x + shape.groups], slopes[s.y + shape.groups], slopes[s.z + shape.groups], slopes[s.w + shape.groups]);
  let source = shape.x_base + own.image * shape.x_image + own.lane;
  let gradients = shape.dy_base + own.image * shape.dy_image + own.lane;
  let to = shape.y_base + own.image * shape.y_image + own.lane;
  for (var row = own.first; row < own.end; row++) {
    let gradient = lane(dy[gradients + row * shape.dy_row]) - offset - (lane(x[source + row * shape.x_row]) - centre) * slope;
    dx[to + row * shape.y_row] = dx_element(scale * gradient);
  }
}
