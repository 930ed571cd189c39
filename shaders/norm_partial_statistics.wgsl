// First part of the statistics of a normalisation by groups: mean and centred squares of each chunk of rows, channel by
// channel and image by image.
//
//   mean[n, k, c]    = 1 / n_k * sum over the n_k rows r of chunk k of (x[n, r, c] - x[n, 0, c])
//   squares[n, k, c] = sum over r of (x[n, r, c] - x[n, 0, c] - mean[n, k, c])^2
//
// Everything is taken relative to the image's row 0, as in batch_norm_partial_statistics.wgsl and for its reason.
//
// x (binding 0): see shared/norm_shape.wgsl. partial (binding 1): [images][chunks][2][channels], means then squares.
// One invocation owns one lane of one chunk and reads it twice. Dispatch: [x, y, 1] with x * y * 64 >= images * chunks * lanes.

@group(0) @binding(0) var<storage, read> x: array<x_element>;
@group(0) @binding(1) var<storage, read_write> partial: array<lane>;
@group(0) @binding(2) var<uniform> shape: NormShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane_index: u32) {
  let own = chunk_of(group, groups, lane_index);
  if (!own.exists) { return; }
  let column = shape.x_base + own.image * shape.x_image + own.lane;
  let pivot = lane(x[column]);

  var sum = lane();
  for (var row = own.first; row < own.end; row++) {
    sum += lane(x[column + row * shape.x_row]) - pivot;
  }
  let mean = sum / f32(own.end - own.first);

  var squares = lane();
  for (var row = own.first; row < own.end; row++) {
    let difference = lane(x[column + row * shape.x_row]) - pivot - mean;
    squares += difference * difference;
  }
  let at = (own.image * shape.chunks + own.index) * 2u * shape.lanes + own.lane;
  partial[at] = mean;
  partial[at + shape.lanes] = squares;
}
