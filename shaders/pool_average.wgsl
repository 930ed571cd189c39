// The mean of each window.
//
//   y[n, oh, ow, c] = sum over the pixels (i, j) of window (oh, ow) within the image of x[n, i, j, c] / (divisor(oh) * divisor(ow))
//
// x (binding 0), y (binding 1): see shared/pool_window.wgsl; divisors: shared/pool_divisor.wgsl.
// Which elements an invocation owns and what the dispatch is: see shared/elements.wgsl, for the elements of y.

@group(0) @binding(0) var<storage, read> x: array<element>;
@group(0) @binding(1) var<storage, read_write> y: array<element>;
@group(0) @binding(2) var<uniform> shape: PoolShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let own = stretch(group, groups, lane, shape.batch * shape.out_h * shape.out_w * shape.channels);
  for (var k = own.first; k < own.end; k += 64u) {
    let at = place_of(k, shape.out_h, shape.out_w);
    let rows = window(at.i, shape.kernel_h, shape.stride_h, shape.pad_h, shape.in_h);
    let columns = window(at.j, shape.kernel_w, shape.stride_w, shape.pad_w, shape.in_w);
    var sum = element();
    for (var i = rows.first; i < rows.end; i++) {
      var line = element();
      for (var j = columns.first; j < columns.end; j++) {
        line += x[shape.x_base + ((at.n * shape.in_h + i) * shape.in_w + j) * shape.x_stride + at.c];
      }
      sum += line;
    }
    let count = divisor(at.i, shape.kernel_h, shape.stride_h, shape.pad_h, shape.in_h)
      * divisor(at.j, shape.kernel_w, shape.stride_w, shape.pad_w, shape.in_w);
    y[shape.y_base + at.pixel * shape.y_stride + at.c] = sum / count;
  }
}
