// Gradient of batch normalisation with respect to its input.
//
//   xhat[r, c] = (x[r, c] - mean[c]) * inverse_std[c]
//   BATCH_STATISTICS (they depend on x):
//     dx[r, c] = gamma[c] * inverse_std[c] * (dy[r, c] - sum_dy[c] / rows - xhat[r, c] * sum_dy_xhat[c] / rows)
//   otherwise (running statistics, which are constants here):
//     dx[r, c] = gamma[c] * inverse_std[c] * dy[r, c]
//
// Ioffe & Szegedy, arXiv:1502.03167, section 3, with the three chain-rule terms collected.
//
// x (binding 0), dy (binding 1), dx (binding 6): NHWC rows. mean, inverse_std, gamma (bindings 2, 3, 4): [channels].
// sums (binding 5): [2][channels], sum_dy_xhat then sum_dy, from batch_norm_param_grad.wgsl.
//
// One invocation owns one lane of channels (see batch_norm_lane_*.wgsl) of `rows_each` rows.
// One workgroup: LANES_C lanes along the channels x LANES_R groups of rows.
// Dispatch: [ceil(lanes / LANES_C), ceil(rows / (rows_each * LANES_R)), 1].

struct InputGradShape {
  rows: u32,
  rows_each: u32,
  lanes: u32,
  x_base: u32, x_stride: u32,
  dy_base: u32, dy_stride: u32,
  dx_base: u32, dx_stride: u32,
  // In channels, unlike the six above.
  mean_base: u32,
  inverse_std_base: u32,
  gamma_base: u32,
}

@group(0) @binding(0) var<storage, read> x: array<x_element>;
@group(0) @binding(1) var<storage, read> dy: array<dy_element>;
@group(0) @binding(2) var<storage, read> mean: array<f32>;
@group(0) @binding(3) var<storage, read> inverse_std: array<f32>;
@group(0) @binding(4) var<storage, read> gamma: array<f32>;
@group(0) @binding(5) var<storage, read> sums: array<lane>;
@group(0) @binding(6) var<storage, read_write> dx: array<dx_element>;
@group(0) @binding(7) var<uniform> shape: InputGradShape;

@compute @workgroup_size(LANES_C, LANES_R)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let first = id.y * shape.rows_each;
  if (id.x >= shape.lanes || first >= shape.rows) { return; }
  let m = shape.mean_base + id.x * LANE_WIDTH;
  let s = shape.inverse_std_base + id.x * LANE_WIDTH;
  let g = shape.gamma_base + id.x * LANE_WIDTH;
  let centre = lane_of(mean[m], mean[m + 1u], mean[m + 2u], mean[m + 3u]);
  let inverse = lane_of(inverse_std[s], inverse_std[s + 1u], inverse_std[s + 2u], inverse_std[s + 3u]);
  let scale = inverse * lane_of(gamma[g], gamma[g + 1u], gamma[g + 2u], gamma[g + 3u]);
  let slope = inverse * sums[id.x] / f32(shape.rows);
  let offset = sums[id.x + shape.lanes] / f32(shape.rows);

  let end = min(first + shape.rows_each, shape.rows);
  for (var row = first; row < end; row++) {
    var gradient = lane(dy[shape.dy_base + row * shape.dy_stride + id.x]);
    if (BATCH_STATISTICS) {
      gradient -= offset + (lane(x[shape.x_base + row * shape.x_stride + id.x]) - centre) * slope;
    }
    dx[shape.dx_base + row * shape.dx_stride + id.x] = dx_element(scale * gradient);
  }
}
