// The adjoint of pool_average.wgsl: every pixel gathers its share of the windows it lies in, in their order.
//
//   dx[n, i, j, c] = sum over the windows (oh, ow) that contain (i, j) of dy[n, oh, ow, c] / (divisor(oh) * divisor(ow))
//
// dy (binding 0), dx (binding 1): the y and x of shared/pool_window.wgsl; divisors: shared/pool_divisor.wgsl.
// Which elements an invocation owns and what the dispatch is: see shared/elements.wgsl, for the elements of dx.

@group(0) @binding(0) var<storage, read> dy: array<element>;
@group(0) @binding(1) var<storage, read_write> dx: array<element>;
@group(0) @binding(2) var<uniform> shape: PoolShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let own = stretch(group, groups, lane, shape.batch * shape.in_h * shape.in_w * shape.channels);
  for (var k = own.first; k < own.end; k += 64u) {
    let at = place_of(k, shape.in_h, shape.in_w);
    let rows = windows_of(at.i, shape.kernel_h, shape.stride_h, shape.pad_h, shape.out_h);
    let columns = windows_of(at.j, shape.kernel_w, shape.stride_w, shape.pad_w, shape.out_w);
    var sum = element();
    for (var oh = rows.first; oh < rows.end; oh++) {
      let height = divisor(oh, shape.kernel_h, shape.stride_h, shape.pad_h, shape.in_h);
      for (var ow = columns.first; ow < columns.end; ow++) {
        let count = height * divisor(ow, shape.kernel_w, shape.stride_w, shape.pad_w, shape.in_w);
        sum += dy[shape.y_base + ((at.n * shape.out_h + oh) * shape.out_w + ow) * shape.y_stride + at.c] / count;
      }
    }
    dx[shape.x_base + at.pixel * shape.x_stride + at.c] = sum;
  }
}
