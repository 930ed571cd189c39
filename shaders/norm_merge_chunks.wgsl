// Second part: merges the chunks of norm_partial_statistics.wgsl, always in the order of the rows, by the formula of
// batch_norm_statistics.wgsl.
//
// partial (binding 0): [images][chunks][2][channels]. merged (binding 1): [images][2][channels], means (relative to
// row 0) then centred squares. Lanes are single channels here.
// One invocation owns one channel of one image. Dispatch: [x, y, 1] with x * y * 64 >= images * channels.

@group(0) @binding(0) var<storage, read> partial: array<f32>;
@group(0) @binding(1) var<storage, read_write> merged: array<f32>;
@group(0) @binding(2) var<uniform> shape: NormShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane_index: u32) {
  let i = (group.y * groups.x + group.x) * 64u + lane_index;
  let image = i / shape.lanes;
  if (image >= shape.images) { return; }
  let c = i - image * shape.lanes;
  let start = image * shape.chunks * 2u * shape.lanes + c;
  var mean = partial[start];
  var squares = partial[start + shape.lanes];
  var rows = min(shape.rows_per_chunk, shape.rows);
  for (var k = 1u; k < shape.chunks; k++) {
    let at = start + k * 2u * shape.lanes;
    let before = f32(rows);
    let count = f32(min(shape.rows_per_chunk, shape.rows - rows));
    let after = before + count;
    let delta = partial[at] - mean;
    mean += delta * (count / after);
    squares += partial[at + shape.lanes] + delta * delta * (before * count / after);
    rows += min(shape.rows_per_chunk, shape.rows - rows);
  }
  merged[image * 2u * shape.lanes + c] = mean;
  merged[(image * 2u + 1u) * shape.lanes + c] = squares;
}
