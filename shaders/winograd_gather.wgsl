// The last step of a Winograd convolution: the products at the points become tiles of an image, or of a weight's gradient.
//
//   tile[i, j] = sum over p, q of T[i, p] * T[j, q] * m[p, q] + bias        0 <= p, q < POINTS, 0 <= i, j < SIDE
//
// T is transform() of one of winograd/*.wgsl, which this file is joined with; pixels outside of the image are not stored.
//
// points (binding 0): the rows of all products side by side, [rows of a product][POINTS * POINTS][splits][line]. What one tile
// needs lies together: with a product after the other an invocation would read from as many places, far apart, as there are points.
// bias (binding 1): [channels]; any buffer when has_bias is 0.
// image (binding 2): see shared/winograd_shape.wgsl, in vectors of four channels.
// SIDE, POINTS (prepended): pixels of a tile each way, and points.
//
// One invocation owns four channels of one phase of one tile. One workgroup: 64 of them.
// Dispatch: [x, y, 1] with x * y * 64 >= rows * phases * channels / 4.

@group(0) @binding(0) var<storage, read> points: array<vec4f>;
@group(0) @binding(1) var<storage, read> bias: array<f32>;
@group(0) @binding(2) var<storage, read_write> image: array<image_element>;
@group(0) @binding(3) var<uniform> shape: WinogradShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let tile = tile_at((group.y * groups.x + group.x) * 64u + lane);
  if (tile.row >= shape.tiles) { return; }
  let row = tile.element / shape.line;
  let start = row * shape.line * POINTS * POINTS * shape.splits + (tile.element - row * shape.line);
  // Down the columns, then along the rows.
  var half: array<array<vec4f, POINTS>, SIDE>;
  for (var q = 0u; q < POINTS; q++) {
    var column: array<vec4f, POINTS>;
    for (var p = 0u; p < POINTS; p++) {
      let first = (p * POINTS + q) * shape.splits;
      var sum = points[(start + first * shape.line) / 4u];
      for (var part = 1u; part < shape.splits; part++) { sum += points[(start + (first + part) * shape.line) / 4u]; }
      column[p] = sum;
    }
    let sums = transform(column);
    for (var i = 0u; i < SIDE; i++) { half[i][q] = sums[i]; }
  }
  var offset = vec4f();
  if (shape.has_bias == 1u) {
    let b = shape.bias_base + tile.channel;
    offset = vec4f(bias[b], bias[b + 1u], bias[b + 2u], bias[b + 3u]);
  }
  for (var i = 0u; i < SIDE; i++) {
    let sums = transform(half[i]);
    for (var j = 0u; j < SIDE; j++) {
      let at = pixel_at(tile, i, j);
      if (at.y == 0u) { continue; }
      var value = sums[j] + offset;
      if (shape.accumulate == 1u) { value += vec4f(image[at.x]); }
      image[at.x] = image_element(value);
    }
  }
}
