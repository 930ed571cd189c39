// Images in another size: the nearest pixel, or two neighbours each way by their distance (BILINEAR).
//
//   y[n, i, j, c] = sum over the taps a of i and b of j of weight(a) * weight(b) * x[n, a, b, c]
//
// with the taps of shared/resample.wgsl: one each way, or two.
//
// x (binding 0), y (binding 1): NHWC, in units of `element` (prepended): vec4f where all rows allow it, else f32.
// Which elements an invocation owns and what the dispatch is: see shared/elements.wgsl, for the elements of y.

@group(0) @binding(0) var<storage, read> x: array<x_element>;
@group(0) @binding(1) var<storage, read_write> y: array<y_element>;
@group(0) @binding(2) var<uniform> shape: ResampleShape;

fn pixel_at(n: u32, i: u32, j: u32, c: u32) -> element {
  return element(x[shape.x_base + ((n * shape.in_h + i) * shape.in_w + j) * shape.x_stride + c]);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let own = stretch(group, groups, lane, shape.batch * shape.out_h * shape.out_w * shape.channels);
  for (var k = own.first; k < own.end; k += 64u) {
    let pixel = k / shape.channels;
    let c = k - pixel * shape.channels;
    let row = pixel / shape.out_w;
    let n = row / shape.out_h;
    let a = tap_of(row - n * shape.out_h, shape.ratio_h, shape.in_h);
    let b = tap_of(pixel - row * shape.out_w, shape.ratio_w, shape.in_w);
    var value = pixel_at(n, a.first, b.first, c);
    if (BILINEAR) {
      let upper = (1.0 - b.weight) * value + b.weight * pixel_at(n, a.first, b.second, c);
      let lower = (1.0 - b.weight) * pixel_at(n, a.second, b.first, c) + b.weight * pixel_at(n, a.second, b.second, c);
      value = (1.0 - a.weight) * upper + a.weight * lower;
    }
    y[shape.y_base + pixel * shape.y_stride + c] = y_element(value);
  }
}
