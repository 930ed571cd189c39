// The first step of a Winograd convolution: tiles of an image, of weights or of a gradient are evaluated at points, where
// the convolution is a product of matrices for each.
//
//   v[p, q] = sum over i, j of T[p, i] * T[q, j] * tile[i, j]        0 <= p, q < POINTS, 0 <= i, j < SIDE
//
// T is transform() of one of winograd/*.wgsl, which this file is joined with; pixels outside of the image are zero.
//
// image (binding 0): see shared/winograd_shape.wgsl, in vectors of four channels.
// points (binding 1): [POINTS * POINTS][rows][phases * channels], rows past the last tile zero.
// SIDE, POINTS (prepended): pixels that a tile reaches over each way, and points.
//
// One invocation owns four channels of one phase of one tile. One workgroup: 64 of them.
// Dispatch: [x, y, 1] with x * y * 64 >= rows * phases * channels / 4.

@group(0) @binding(0) var<storage, read> image: array<image_element>;
@group(0) @binding(1) var<storage, read_write> points: array<vec4f>;
@group(0) @binding(2) var<uniform> shape: WinogradShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let tile = tile_at((group.y * groups.x + group.x) * 64u + lane);
  if (tile.row >= shape.rows) { return; }
  // Down the columns, then along the rows.
  var half: array<array<vec4f, SIDE>, POINTS>;
  for (var j = 0u; j < SIDE; j++) {
    var column: array<vec4f, SIDE>;
    for (var i = 0u; i < SIDE; i++) {
      let at = pixel_at(tile, i, j);
      column[i] = select(vec4f(), vec4f(image[at.x]), at.y == 1u);
    }
    let values = transform(column);
    for (var p = 0u; p < POINTS; p++) { half[p][j] = values[p]; }
  }
  let matrix = shape.rows * shape.channels * shape.step * shape.step;
  for (var p = 0u; p < POINTS; p++) {
    let values = transform(half[p]);
    for (var q = 0u; q < POINTS; q++) { points[((p * POINTS + q) * matrix + tile.element) / 4u] = values[q]; }
  }
}
