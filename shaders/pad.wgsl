// Pads the height and the width of images.
//
//   y[n, i, j, c] = x[n, source(i - top), source(j - left), c]
//
// with source(i) = i within the image; outside, by MODE (prepended): the mirror image about the edge pixel (REFLECT), the
// nearest pixel (REPLICATE), or none, and then y is `value` (CONSTANT). See shared/pad_shape.wgsl.
//
// x (binding 0), y (binding 1): NHWC, in units of `element` (prepended): vec4f where all rows allow it, else f32.
// Which elements an invocation owns and what the dispatch is: see shared/elements.wgsl, for the elements of y.

@group(0) @binding(0) var<storage, read> x: array<x_element>;
@group(0) @binding(1) var<storage, read_write> y: array<y_element>;
@group(0) @binding(2) var<uniform> shape: PadShape;

fn source(i: i32, length: u32) -> i32 {
  let last = i32(length) - 1;
  if (MODE == REFLECT) { return last - abs(last - abs(i)); }
  if (MODE == REPLICATE) { return clamp(i, 0, last); }
  return select(-1, i, i >= 0 && i <= last);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let width = shape.left + shape.width + shape.right;
  let height = shape.top + shape.height + shape.bottom;
  let own = stretch(group, groups, lane, shape.batch * height * width * shape.channels);
  for (var k = own.first; k < own.end; k += 64u) {
    let pixel = k / shape.channels;
    let c = k - pixel * shape.channels;
    let row = pixel / width;
    let n = row / height;
    let i = source(i32(row - n * height) - i32(shape.top), shape.height);
    let j = source(i32(pixel - row * width) - i32(shape.left), shape.width);
    var value = element(shape.value);
    if (i >= 0 && j >= 0) {
      value = element(x[shape.x_base + ((n * shape.height + u32(i)) * shape.width + u32(j)) * shape.x_stride + c]);
    }
    y[shape.y_base + pixel * shape.y_stride + c] = y_element(value);
  }
}
