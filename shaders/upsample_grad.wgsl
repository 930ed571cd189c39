// The adjoint of upsample.wgsl: every pixel gathers what the output pixels took of it, in a fixed order.
//
//   dx[n, i, j, c] = sum over the output pixels (r, q) of share(r, i) * share(q, j) * dy[n, r, q, c]
//
// where share(r, i) is the weight with which index r of the output reads index i of the input, by the taps of
// shared/resample.wgsl. Only the outputs near i are visited; their taps are computed as upsample.wgsl does.
//
// dy (binding 0), dx (binding 1): NHWC, in units of `element` (prepended): vec4f where all rows allow it, else f32.
// Which elements an invocation owns and what the dispatch is: see shared/elements.wgsl, for the elements of dx.

@group(0) @binding(0) var<storage, read> dy: array<dy_element>;
@group(0) @binding(1) var<storage, read_write> dx: array<dx_element>;
@group(0) @binding(2) var<uniform> shape: ResampleShape;

struct Range { first: u32, end: u32 }

// Outputs that may read index i: those whose position lies within one pixel of it, and one more on each side for rounding.
fn readers(i: u32, ratio: f32, length: u32, outputs: u32) -> Range {
  // A ratio of zero: all outputs read the same pixel.
  if (ratio == 0.0) { return Range(0u, outputs); }
  var shift = 0.0;
  if (BILINEAR && !ALIGN) { shift = 0.5; }
  let first = floor((f32(i) - 1.0 + shift) / ratio - shift) - 1.0;
  let last = ceil((f32(i) + 1.0 + shift) / ratio - shift) + 1.0;
  // The pixels at the ends are read from beyond them, too.
  let end = select(u32(clamp(last + 1.0, 0.0, f32(outputs))), outputs, i == length - 1u);
  return Range(select(u32(clamp(first, 0.0, f32(outputs))), 0u, i == 0u), end);
}

fn share(o: u32, i: u32, ratio: f32, length: u32) -> f32 {
  let tap = tap_of(o, ratio, length);
  return select(0.0, 1.0 - tap.weight, tap.first == i) + select(0.0, tap.weight, tap.second == i);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let own = stretch(group, groups, lane, shape.batch * shape.in_h * shape.in_w * shape.channels);
  for (var k = own.first; k < own.end; k += 64u) {
    let pixel = k / shape.channels;
    let c = k - pixel * shape.channels;
    let row = pixel / shape.in_w;
    let n = row / shape.in_h;
    let i = row - n * shape.in_h;
    let j = pixel - row * shape.in_w;
    let rows = readers(i, shape.ratio_h, shape.in_h, shape.out_h);
    let columns = readers(j, shape.ratio_w, shape.in_w, shape.out_w);
    var sum = element();
    for (var r = rows.first; r < rows.end; r++) {
      let weight = share(r, i, shape.ratio_h, shape.in_h);
      if (weight == 0.0) { continue; }
      var line = element();
      for (var q = columns.first; q < columns.end; q++) {
        let part = share(q, j, shape.ratio_w, shape.in_w);
        if (part != 0.0) { line += part * element(dy[shape.y_base + ((n * shape.out_h + r) * shape.out_w + q) * shape.y_stride + c]); }
      }
      sum += weight * line;
    }
    dx[shape.x_base + pixel * shape.x_stride + c] = dx_element(sum);
  }
}
