// Images of a batch, each perhaps mirrored top to bottom, then turned by quarter turns, as drawn for it: pixels move, and none changes.
//
//   quarter turns to the left:  0: x[v, u]   1: x[u, width - 1 - v]   2: x[height - 1 - v, width - 1 - u]   3: x[height - 1 - u, v]
//   out[n, v, u, c] = x[n] there; with the row counted from below where it is mirrored
//
// Images that are not square keep their shape: an odd number of quarter turns counts as one less.
//
// x (binding 0): [batch][height][width][channels] rows.
// draws (binding 1): [batch] of (quarter turns 0..3, mirrored 0 or 1), a buffer and not uniforms: a recorded step runs again with others.
// out (binding 2): [batch][height][width][channels] rows.
//
// One invocation owns the channels of one pixel.
// Dispatch: [x, y, 1] with x * y * 64 >= batch * height * width.

struct TurnShape {
  batch: u32, height: u32, width: u32, channels: u32,
  draws_base: u32,
  x_base: u32, x_stride: u32,
  out_base: u32, out_stride: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> draws: array<f32>;
@group(0) @binding(2) var<storage, read_write> output: array<f32>;
@group(0) @binding(3) var<uniform> shape: TurnShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let pixel = (group.y * groups.x + group.x) * 64u + lane;
  if (pixel >= shape.batch * shape.height * shape.width) { return; }
  let image = pixel / (shape.height * shape.width);
  let column = pixel % shape.width;
  let line = pixel / shape.width % shape.height;
  let last = vec2u(shape.width, shape.height) - 1u;
  var turns = u32(draws[shape.draws_base + 2u * image]) & 3u;
  if (shape.width != shape.height) { turns &= 2u; }
  var there = vec2u(column, line);
  if (turns == 1u) { there = vec2u(last.x - line, column); }
  if (turns == 2u) { there = last - there; }
  if (turns == 3u) { there = vec2u(line, last.y - column); }
  if (draws[shape.draws_base + 2u * image + 1u] != 0.0) { there.y = last.y - there.y; }
  let row = shape.x_base + ((image * shape.height + there.y) * shape.width + there.x) * shape.x_stride;
  let target_row = shape.out_base + pixel * shape.out_stride;
  for (var c = 0u; c < shape.channels; c++) { output[target_row + c] = x[row + c]; }
}
