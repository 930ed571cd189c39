// What kernels have in common that move the pixels of each image of a batch by a draw of its own. Their own source follows.
//
// x (binding 0): [batch][height][width][channels] rows.
// draws (binding 1): [batch] of two numbers, a buffer and not uniforms: a recorded step runs again with other draws.
// out (binding 2): [batch][height][width][channels] rows.
//
// One invocation owns the channels of one pixel.
// Dispatch: [x, y, 1] with x * y * 64 >= batch * height * width.

struct MovedShape {
  batch: u32, height: u32, width: u32, channels: u32,
  draws_base: u32,
  x_base: u32, x_stride: u32,
  out_base: u32, out_stride: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> draws: array<f32>;
@group(0) @binding(2) var<storage, read_write> output: array<f32>;
@group(0) @binding(3) var<uniform> shape: MovedShape;

fn draw_of(image: u32) -> vec2f {
  return vec2f(draws[shape.draws_base + 2u * image], draws[shape.draws_base + 2u * image + 1u]);
}

fn x_row(image: u32, place: vec2u) -> u32 {
  return shape.x_base + ((image * shape.height + place.y) * shape.width + place.x) * shape.x_stride;
}

// Copies a pixel.
fn move_pixel(from_row: u32, pixel: u32) {
  let target_row = shape.out_base + pixel * shape.out_stride;
  for (var c = 0u; c < shape.channels; c++) { output[target_row + c] = x[from_row + c]; }
}
