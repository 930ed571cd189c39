// What contrast is taken against in a colour jitter, in parts: the sums of the grey values, as the changes before contrast leave them.
//
//   parts[n, p] = sum over the pixels i of part p of grey(the changes before contrast of x[n, i])
//
// x (binding 0): [batch][pixels][channels] rows. draws (binding 1): [batch] of six numbers. Both as in shared/color_jitter.wgsl.
// parts (binding 2): [batch][parts]. Images that draw no jitter have 0.
//
// One workgroup owns one part of one image: neighbouring pixels, of which an invocation adds up every 64th; then the sums of pairs of
// invocations, a fixed order, so that the result is the same each time.
// Dispatch: [parts, batch, 1].

struct MeanShape {
  pixels: u32,
  part_pixels: u32,
  parts: u32,
  draws_base: u32,
  x_base: u32, x_stride: u32,
}

@group(0) @binding(2) var<storage, read_write> parts: array<f32>;
@group(0) @binding(3) var<uniform> shape: MeanShape;

var<workgroup> sums: array<f32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let image = group.y;
  let first = group.x * shape.part_pixels;
  let end = select(first, min(first + shape.part_pixels, shape.pixels), is_drawn(image));
  var sum = 0.0;
  for (var i = first + lane; i < end; i += 64u) {
    var colour = colour_at(shape.x_base + (image * shape.pixels + i) * shape.x_stride);
    for (var place = 0u; place < 4u; place++) {
      let change = change_at(image, place);
      if (change == CONTRAST) { break; }
      colour = changed(colour, image, change, 0.0);
    }
    sum += grey_of(colour);
  }
  sums[lane] = sum;
  for (var half = 32u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { sums[lane] += sums[lane + half]; }
  }
  if (lane == 0u) { parts[image * shape.parts + group.x] = sums[0]; }
}
