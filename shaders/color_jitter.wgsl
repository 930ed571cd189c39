// A colour jitter: brightness, contrast, saturation and hue of each image of a batch, in an order of its own.
//
//   out[n, i] = the changes of draws[n], one after the other, of x[n, i]; x[n, i] itself where draws[n] is no jitter
//
// x (binding 0): [batch][pixels][channels] rows, in -1..1. draws (binding 1): [batch] of six numbers, a buffer and not uniforms: a
// recorded step runs again with other draws. Both, and the changes, as in shared/color_jitter.wgsl.
// parts (binding 2): [batch][parts], made by color_jitter_mean.wgsl.
// out (binding 3): [batch][pixels][channels] rows.
//
// One workgroup owns neighbouring pixels of one image, of which an invocation takes every 64th.
// Dispatch: [pieces, batch, 1] with pieces * piece_pixels >= pixels.

struct JitterShape {
  pixels: u32,
  piece_pixels: u32,
  parts: u32,
  draws_base: u32,
  x_base: u32, x_stride: u32,
  out_base: u32, out_stride: u32,
}

@group(0) @binding(2) var<storage, read> parts: array<f32>;
@group(0) @binding(3) var<storage, read_write> output: array<f32>;
@group(0) @binding(4) var<uniform> shape: JitterShape;

var<workgroup> total: f32;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let image = group.y;
  if (lane == 0u) {
    var sum = 0.0;
    for (var part = 0u; part < shape.parts; part++) { sum += parts[image * shape.parts + part]; }
    total = sum;
  }
  workgroupBarrier();
  let mean = total / f32(shape.pixels);
  let drawn = is_drawn(image);
  let first = group.x * shape.piece_pixels;
  let end = min(first + shape.piece_pixels, shape.pixels);
  for (var i = first + lane; i < end; i += 64u) {
    let source_row = shape.x_base + (image * shape.pixels + i) * shape.x_stride;
    let target_row = shape.out_base + (image * shape.pixels + i) * shape.out_stride;
    if (!drawn) {
      output[target_row] = x[source_row];
      if (COLOURS) {
        output[target_row + 1u] = x[source_row + 1u];
        output[target_row + 2u] = x[source_row + 2u];
      }
      continue;
    }
    var colour = colour_at(source_row);
    for (var place = 0u; place < 4u; place++) { colour = changed(colour, image, change_at(image, place), mean); }
    let level = colour * 2.0 - 1.0;
    output[target_row] = level.r;
    if (COLOURS) {
      output[target_row + 1u] = level.g;
      output[target_row + 2u] = level.b;
    }
  }
}
