// Images of a batch, each perhaps mirrored top to bottom, then turned by quarter turns, as drawn for it: pixels move, and none changes.
//
//   quarter turns to the left:  0: x[v, u]   1: x[u, width - 1 - v]   2: x[height - 1 - v, width - 1 - u]   3: x[height - 1 - u, v]
//   out[n, v, u, c] = x[n] there; with the row counted from below where it is mirrored
//
// Images that are not square keep their shape: an odd number of quarter turns counts as one less.
//
// draws: (quarter turns 0..3, mirrored 0 or 1). The layout, what one invocation owns, and the dispatch: see image_moved.wgsl.

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let pixel = (group.y * groups.x + group.x) * 64u + lane;
  if (pixel >= shape.batch * shape.height * shape.width) { return; }
  let image = pixel / (shape.height * shape.width);
  let column = pixel % shape.width;
  let line = pixel / shape.width % shape.height;
  let last = vec2u(shape.width, shape.height) - 1u;
  let draw = draw_of(image);
  var turns = u32(draw.x) & 3u;
  if (shape.width != shape.height) { turns &= 2u; }
  var there = vec2u(column, line);
  if (turns == 1u) { there = vec2u(last.x - line, column); }
  if (turns == 2u) { there = last - there; }
  if (turns == 3u) { there = vec2u(line, last.y - column); }
  if (draw.y != 0.0) { there.y = last.y - there.y; }
  move_pixel(x_row(image, there), pixel);
}
