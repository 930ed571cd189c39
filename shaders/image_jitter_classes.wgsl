// The random jitter of pix2pix for index maps: resize by the nearest pixel, crop, perhaps mirror, and
// one channel for each class.
//
//   column, row: see image_draws.wgsl
//   out[n, y, x, c] = 1 if in[source[n], floor((row + 1/2) height / load_height), floor((column + 1/2) width / load_width)] is c, else -1
//
// pixels (binding 0): [images][height][width] bytes, four to a word.
// draws (binding 1): see image_draws.wgsl.
// out (binding 2): [batch][crop_height][crop_width][classes] rows.
//
// One invocation owns one number. Dispatch: [x, y, 1] with x * y * 64 >= batch * crop_height * crop_width * classes.

struct JitterShape {
  batch: u32,
  images: u32, height: u32, width: u32, classes: u32,
  bytes_base: u32,
  load_width: u32, load_height: u32, crop_width: u32, crop_height: u32,
  out_base: u32, out_stride: u32,
}

@group(0) @binding(2) var<storage, read_write> output: array<f32>;
@group(0) @binding(3) var<uniform> shape: JitterShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * groups.x + group.x) * 64u + lane;
  if (i >= shape.batch * shape.crop_height * shape.crop_width * shape.classes) { return; }
  let index = i % shape.classes;
  let pixel = i / shape.classes;
  let place = drawn_place(pixel);
  // In whole numbers: no rounding decides which pixel is the nearest.
  let from_x = (2u * place.column + 1u) * shape.width / (2u * shape.load_width);
  let from_y = (2u * place.row + 1u) * shape.height / (2u * shape.load_height);
  let byte = byte_at(shape.bytes_base + (place.image * shape.height + from_y) * shape.width + from_x);
  output[shape.out_base + pixel * shape.out_stride + index] = select(-1.0, 1.0, byte == i32(index));
}
