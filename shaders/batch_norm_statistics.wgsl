// Second half of a batch's statistics: merges the chunks of batch_norm_partial_statistics.wgsl, always in the order
// of the rows, by the formula of Chan, Golub and LeVeque (Technical report STAN-CS-79-773, 1979):
//
//   delta = mean_b - mean_a,  mean_ab = mean_a + delta * n_b / n,  squares_ab = squares_a + squares_b + delta^2 * n_a * n_b / n
//
//   mean[c] = x[0, c] + merged mean,  variance[c] = merged squares / rows,  inverse_std[c] = 1 / sqrt(variance[c] + epsilon)
//
// x (binding 0): NHWC rows, of which row 0 is read: the partial means are relative to it.
// partial (binding 1): [chunks][2][channels]. mean, inverse_std, variance (bindings 2, 3, 4): [channels].
// One invocation owns one channel. Dispatch: [x, y, 1] with x * y * 64 >= channels.

struct Chunks {
  rows: u32,
  rows_per_chunk: u32,
  channels: u32,
  x_base: u32,
  epsilon: f32,
}

@group(0) @binding(0) var<storage, read> x: array<x_element>;
@group(0) @binding(1) var<storage, read> partial: array<f32>;
@group(0) @binding(2) var<storage, read_write> mean: array<f32>;
@group(0) @binding(3) var<storage, read_write> inverse_std: array<f32>;
@group(0) @binding(4) var<storage, read_write> variance: array<f32>;
@group(0) @binding(5) var<uniform> shape: Chunks;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let c = (group.y * groups.x + group.x) * 64u + lane;
  if (c >= shape.channels) { return; }
  var merged_mean = partial[c];
  var merged_squares = partial[c + shape.channels];
  var rows = min(shape.rows_per_chunk, shape.rows);
  for (var at = 2u * shape.channels + c; rows < shape.rows; at += 2u * shape.channels) {
    let before = f32(rows);
    let count = f32(min(shape.rows_per_chunk, shape.rows - rows));
    let after = before + count;
    let delta = partial[at] - merged_mean;
    merged_mean += delta * (count / after);
    merged_squares += partial[at + shape.channels] + delta * delta * (before * count / after);
    rows += min(shape.rows_per_chunk, shape.rows - rows);
  }
  let spread = merged_squares / f32(shape.rows);
  mean[c] = f32(x[shape.x_base + c]) + merged_mean;
  variance[c] = spread;
  inverse_std[c] = inverseSqrt(spread + shape.epsilon);
}
