// The random jitter of pix2pix for images of numbers: resize to load_width x load_height, crop, perhaps mirror. As image_jitter, but
// nothing is rounded.
//
//   column, row: see image_draws.wgsl
//   out[n, y, x, c] = clamp(sum over s, t of y_weight[row, s] * x_weight[column, t]
//                           * in[source[n], y_first[row] + s, x_first[column] + t, c])
//
// to -1..1: bicubic weights overshoot. Where the sizes are equal, the one weight is 1 and no number changes.
//
// numbers (binding 0): [images][height][width][channels].
// draws (binding 1): see image_draws.wgsl.
// x_table, y_table (bindings 2, 3): [load][1 + taps] = first position, then weights in units of 2^-22 (see src/kernels/bicubic-table.ts).
// out (binding 4): [batch][crop_height][crop_width][channels] rows.
//
// One invocation owns one number. Dispatch: [x, y, 1] with x * y * 64 >= batch * crop_height * crop_width * channels.

struct JitterShape {
  batch: u32,
  images: u32, height: u32, width: u32, channels: u32,
  in_base: u32,
  load_width: u32, load_height: u32, crop_width: u32, crop_height: u32,
  x_taps: u32, y_taps: u32,
  out_base: u32, out_stride: u32,
}

@group(0) @binding(0) var<storage, read> numbers: array<f32>;
@group(0) @binding(2) var<storage, read> x_table: array<i32>;
@group(0) @binding(3) var<storage, read> y_table: array<i32>;
@group(0) @binding(4) var<storage, read_write> output: array<f32>;
@group(0) @binding(5) var<uniform> shape: JitterShape;

const UNIT = 1.0 / 4194304.0;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * groups.x + group.x) * 64u + lane;
  if (i >= shape.batch * shape.crop_height * shape.crop_width * shape.channels) { return; }
  let channel = i % shape.channels;
  let pixel = i / shape.channels;
  let place = drawn_place(pixel);
  let column = place.column * (1u + shape.x_taps);
  let row = place.row * (1u + shape.y_taps);
  let left = u32(x_table[column]);
  let top = u32(y_table[row]);

  var down = 0.0;
  for (var ty = 0u; ty < shape.y_taps; ty++) {
    // Taps past the end of an axis have weight 0, and what they would find may be no number.
    let line = (place.image * shape.height + min(top + ty, shape.height - 1u)) * shape.width;
    var across = 0.0;
    for (var tx = 0u; tx < shape.x_taps; tx++) {
      let tap = line + min(left + tx, shape.width - 1u);
      across += f32(x_table[column + 1u + tx]) * UNIT * numbers[shape.in_base + tap * shape.channels + channel];
    }
    down += f32(y_table[row + 1u + ty]) * UNIT * across;
  }
  output[shape.out_base + pixel * shape.out_stride + channel] = clamp(down, -1.0, 1.0);
}
