// First half of a batch's statistics: mean and centred squares of each chunk of rows, channel by channel.
//
//   mean[k, c]    = 1 / n_k * sum over the n_k rows r of chunk k of (x[r, c] - x[0, c])
//   squares[k, c] = sum over r of (x[r, c] - x[0, c] - mean[k, c])^2
//
// Everything is taken relative to row 0, so that a mean far from zero costs no digits: x[r, c] - x[0, c] is of the
// size of the spread (the shifted two-pass algorithm; Chan, Golub, LeVeque, The American Statistician 37(3), 1983).
//
// x (binding 0): NHWC rows. partial (binding 1): [chunks][2][channels], means then squares.
//
// One invocation owns one lane of channels (see batch_norm_lane_*.wgsl) of one chunk and reads it twice; the second
// time it comes from the cache. One workgroup: LANES_C lanes along the channels x LANES_R chunks.
// Dispatch: [ceil(lanes / LANES_C), ceil(chunks / LANES_R), 1].

struct Rows {
  rows: u32,
  rows_per_chunk: u32,
  lanes: u32,
  base: u32,
  stride: u32,
}

@group(0) @binding(0) var<storage, read> x: array<x_element>;
@group(0) @binding(1) var<storage, read_write> partial: array<lane>;
@group(0) @binding(2) var<uniform> shape: Rows;

@compute @workgroup_size(LANES_C, LANES_R)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let first = id.y * shape.rows_per_chunk;
  if (id.x >= shape.lanes || first >= shape.rows) { return; }
  let end = min(first + shape.rows_per_chunk, shape.rows);
  let column = shape.base + id.x;
  let pivot = lane(x[column]);

  var sum = lane();
  for (var row = first; row < end; row++) {
    sum += lane(x[column + row * shape.stride]) - pivot;
  }
  let mean = sum / f32(end - first);

  var squares = lane();
  for (var row = first; row < end; row++) {
    let difference = lane(x[column + row * shape.stride]) - pivot - mean;
    squares += difference * difference;
  }
  let at = id.y * 2u * shape.lanes + id.x;
  partial[at] = mean;
  partial[at + shape.lanes] = squares;
}
