// The random jitter of pix2pix (Isola et al. 2017, section 6.2): resize to the load size, crop, perhaps mirror.
//
//   column, row: see image_draws.wgsl
//   across[r] = byte(sum over t of x_weight[column, t] * bytes[source[n], r, x_first[column] + t, c])
//   out[n, y, x, c] = byte(sum over t of y_weight[row, t] * across[y_first[row] + t]) / 127.5 - 1
//
// where byte() rounds and clamps: the result is what resizing the whole image with Pillow's bicubic filter and then
// cropping and mirroring would give, without the pixels outside of the crop and without a buffer in between.
//
// bytes (binding 0): [images][height][width][channels], four to a word.
// draws (binding 1): see image_draws.wgsl.
// x_table, y_table (bindings 2, 3): [load width or height][1 + taps] = first position, then weights (see src/kernels/bicubic-table.ts).
// out (binding 4): [batch][crop_height][crop_width][channels] rows.
//
// One invocation owns up to four neighbouring channels of one output pixel.
// Dispatch: [x, y, 1] with x * y * 64 >= batch * crop_height * crop_width * ceil(channels / 4).

struct JitterShape {
  batch: u32,
  images: u32, height: u32, width: u32, channels: u32,
  bytes_base: u32,
  load_width: u32, load_height: u32, crop_width: u32, crop_height: u32,
  x_taps: u32, y_taps: u32,
  out_base: u32, out_stride: u32,
}

@group(0) @binding(2) var<storage, read> x_table: array<i32>;
@group(0) @binding(3) var<storage, read> y_table: array<i32>;
@group(0) @binding(4) var<storage, read_write> output: array<f32>;
@group(0) @binding(5) var<uniform> shape: JitterShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let quads = (shape.channels + 3u) / 4u;
  let i = (group.y * groups.x + group.x) * 64u + lane;
  if (i >= shape.batch * shape.crop_height * shape.crop_width * quads) { return; }
  let channel = i % quads * 4u;
  let pixel = i / quads;
  let place = drawn_place(pixel);
  let column = place.column * (1u + shape.x_taps);
  let row = place.row * (1u + shape.y_taps);
  let left = u32(x_table[column]);
  let top = u32(y_table[row]);

  // Near the end of an axis the last taps have weight 0, so it does not matter which bytes they find there.
  var down = vec4i(HALF);
  for (var ty = 0u; ty < shape.y_taps; ty++) {
    let line = (place.image * shape.height + top + ty) * shape.width + left;
    var across = vec4i(HALF);
    for (var tx = 0u; tx < shape.x_taps; tx++) {
      across += x_table[column + 1u + tx] * bytes_at(shape.bytes_base + (line + tx) * shape.channels + channel);
    }
    down += y_table[row + 1u + ty] * rounded(across);
  }
  let bytes = rounded(down);
  for (var c = 0u; c < min(4u, shape.channels - channel); c++) {
    output[shape.out_base + pixel * shape.out_stride + channel + c] = level(bytes[c]);
  }
}
