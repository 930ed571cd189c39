// First half of the gradients of batch norm's scale and shift: the sums over each chunk of rows.
//
//   products[k, c] = sum over the rows r of chunk k of dy[r, c] * (x[r, c] - mean[c])
//   sums[k, c]     = sum over r of dy[r, c]
//
// x (binding 0), dy (binding 1): NHWC rows. mean (binding 2): [channels].
// partial (binding 3): [chunks][2][channels], products then sums.
//
// One invocation owns one lane of channels (see batch_norm_lane_*.wgsl) of one chunk.
// One workgroup: LANES_C lanes along the channels x LANES_R chunks.
// Dispatch: [ceil(lanes / LANES_C), ceil(chunks / LANES_R), 1].

struct GradRows {
  rows: u32,
  rows_per_chunk: u32,
  lanes: u32,
  x_base: u32, x_stride: u32,
  dy_base: u32, dy_stride: u32,
  // In channels, unlike the four above.
  mean_base: u32,
}

@group(0) @binding(0) var<storage, read> x: array<x_element>;
@group(0) @binding(1) var<storage, read> dy: array<dy_element>;
@group(0) @binding(2) var<storage, read> mean: array<f32>;
@group(0) @binding(3) var<storage, read_write> partial: array<lane>;
@group(0) @binding(4) var<uniform> shape: GradRows;

@compute @workgroup_size(LANES_C, LANES_R)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let first = id.y * shape.rows_per_chunk;
  if (id.x >= shape.lanes || first >= shape.rows) { return; }
  let m = shape.mean_base + id.x * LANE_WIDTH;
  let centre = lane_of(mean[m], mean[m + 1u], mean[m + 2u], mean[m + 3u]);

  var products = lane();
  var sums = lane();
  let end = min(first + shape.rows_per_chunk, shape.rows);
  for (var row = first; row < end; row++) {
    let gradient = lane(dy[shape.dy_base + row * shape.dy_stride + id.x]);
    products += gradient * (lane(x[shape.x_base + row * shape.x_stride + id.x]) - centre);
    sums += gradient;
  }
  let at = id.y * 2u * shape.lanes + id.x;
  partial[at] = products;
  partial[at + shape.lanes] = sums;
}
