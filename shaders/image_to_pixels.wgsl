// An image of numbers in [-1, 1] as pixels for a canvas: opaque, rounded as image_from_float.wgsl does.
//
//   pixels[y, x] = bytes of (x[y, x, 0], x[y, x, 1], x[y, x, 2], 1), or three times x[y, x, 0] where there is one channel
//   byte(v) = clamp(floor((v + 1) * 127.5 + 0.5), 0, 255)
//
// x (binding 0): NHWC rows, a batch of one. pixels (binding 1): [height][pitch] words, red in the lowest byte, or blue with BLUE_FIRST;
// pitch >= width, what lies between stays as it is.
// One invocation owns one pixel. Dispatch: [x, y, 1] with x * y * 64 >= width * height.

struct PixelShape {
  width: u32, height: u32,
  pitch: u32,
  channels: u32,
  x_base: u32, x_stride: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> pixels: array<u32>;
@group(0) @binding(2) var<uniform> shape: PixelShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let pixel = (group.y * groups.x + group.x) * 64u + lane;
  if (pixel >= shape.width * shape.height) { return; }
  let at = shape.x_base + pixel * shape.x_stride;
  var colour = vec3f(x[at]);
  if (shape.channels == 3u) { colour = vec3f(x[at], x[at + 1u], x[at + 2u]); }
  let bytes = vec3u(clamp(floor((colour + 1.0) * 127.5 + 0.5), vec3f(0.0), vec3f(255.0)));
  var word = bytes.x | (bytes.y << 8u) | (bytes.z << 16u) | 0xff000000u;
  if (BLUE_FIRST) { word = bytes.z | (bytes.y << 8u) | (bytes.x << 16u) | 0xff000000u; }
  pixels[pixel / shape.width * shape.pitch + pixel % shape.width] = word;
}
