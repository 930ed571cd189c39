// Batch normalisation with given statistics.
//
//   y[r, c] = (x[r, c] - mean[c]) * inverse_std[c] * gamma[c] + beta[c]
//
// x (binding 0), y (binding 5): NHWC rows. mean, inverse_std, gamma, beta (bindings 1 to 4): [channels].
// The subtraction comes first: folding -mean * inverse_std * gamma into beta would cost digits where the mean is
// large against the spread.
//
// One invocation owns one lane of channels (see batch_norm_lane_*.wgsl) of `rows_each` rows, so that the four
// parameters are loaded once for all of them.
// One workgroup: LANES_C lanes along the channels x LANES_R groups of rows.
// Dispatch: [ceil(lanes / LANES_C), ceil(rows / (rows_each * LANES_R)), 1].

struct ApplyShape {
  rows: u32,
  rows_each: u32,
  lanes: u32,
  x_base: u32, x_stride: u32,
  y_base: u32, y_stride: u32,
  // In channels, unlike the four above.
  mean_base: u32,
  inverse_std_base: u32,
  gamma_base: u32,
  beta_base: u32,
}

@group(0) @binding(0) var<storage, read> x: array<x_element>;
@group(0) @binding(1) var<storage, read> mean: array<f32>;
@group(0) @binding(2) var<storage, read> inverse_std: array<f32>;
@group(0) @binding(3) var<storage, read> gamma: array<f32>;
@group(0) @binding(4) var<storage, read> beta: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<y_element>;
@group(0) @binding(6) var<uniform> shape: ApplyShape;

@compute @workgroup_size(LANES_C, LANES_R)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let first = id.y * shape.rows_each;
  if (id.x >= shape.lanes || first >= shape.rows) { return; }
  let m = shape.mean_base + id.x * LANE_WIDTH;
  let s = shape.inverse_std_base + id.x * LANE_WIDTH;
  let g = shape.gamma_base + id.x * LANE_WIDTH;
  let b = shape.beta_base + id.x * LANE_WIDTH;
  let centre = lane_of(mean[m], mean[m + 1u], mean[m + 2u], mean[m + 3u]);
  let scale = lane_of(inverse_std[s], inverse_std[s + 1u], inverse_std[s + 2u], inverse_std[s + 3u])
    * lane_of(gamma[g], gamma[g + 1u], gamma[g + 2u], gamma[g + 3u]);
  let shift = lane_of(beta[b], beta[b + 1u], beta[b + 2u], beta[b + 3u]);

  let end = min(first + shape.rows_each, shape.rows);
  for (var row = first; row < end; row++) {
    let value = lane(x[shape.x_base + row * shape.x_stride + id.x]);
    y[shape.y_base + row * shape.y_stride + id.x] = y_element((value - centre) * scale + shift);
  }
}
