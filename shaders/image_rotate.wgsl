// Images of a batch, each turned about its middle by an angle of its own; what lies outside is the image mirrored at its edge.
//
//   (sx, sy) = middle + (cos dx - sin dy, sin dx + cos dy),  (dx, dy) = (x, y) - middle,  middle = ((width - 1) / 2, (height - 1) / 2)
//   out[n, y, x, c] = x[n] at the reflection of (sx, sy)
//
// so that an angle above 0 turns to the left. Reflected at the centres of the outermost pixels, as PyTorch's reflection padding is. SMOOTH:
// between four pixels in proportion to how near they are (bilinear); without, the nearest pixel.
//
// draws: (cos, sin). The layout, what one invocation owns, and the dispatch: see image_moved.wgsl.

// The place in 0..last that a place on the whole line is the mirror image of.
fn reflected(place: f32, last: f32) -> f32 {
  if (last == 0.0) { return 0.0; }
  let period = 2.0 * last;
  let far = abs(place);
  let within = far - floor(far / period) * period;
  return clamp(select(within, period - within, within > last), 0.0, last);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let pixel = (group.y * groups.x + group.x) * 64u + lane;
  if (pixel >= shape.batch * shape.height * shape.width) { return; }
  let image = pixel / (shape.height * shape.width);
  let last = vec2f(f32(shape.width - 1u), f32(shape.height - 1u));
  let from_middle = vec2f(f32(pixel % shape.width), f32(pixel / shape.width % shape.height)) - last / 2.0;
  let turn = draw_of(image);
  let place = vec2f(turn.x * from_middle.x - turn.y * from_middle.y, turn.y * from_middle.x + turn.x * from_middle.y) + last / 2.0;
  let there = vec2f(reflected(place.x, last.x), reflected(place.y, last.y));
  if (!SMOOTH) {
    move_pixel(x_row(image, vec2u(floor(there + 0.5))), pixel);
    return;
  }
  let near = vec2u(floor(there));
  let next = min(near + 1u, vec2u(shape.width, shape.height) - 1u);
  let share = there - floor(there);
  let rows = vec4u(x_row(image, near), x_row(image, vec2u(next.x, near.y)), x_row(image, vec2u(near.x, next.y)), x_row(image, next));
  let weights = vec4f((1.0 - share.y) * vec2f(1.0 - share.x, share.x), share.y * vec2f(1.0 - share.x, share.x));
  let target_row = shape.out_base + pixel * shape.out_stride;
  for (var c = 0u; c < shape.channels; c++) {
    output[target_row + c] = dot(weights, vec4f(x[rows.x + c], x[rows.y + c], x[rows.z + c], x[rows.w + c]));
  }
}
