// Gradient of pool_max.wgsl: every pixel gathers the gradients of the windows that chose it, in the order of the windows.
//
//   dx[n, i, j, c] = sum over the windows (oh, ow) that contain (i, j) of dy[n, oh, ow, c] where index[n, oh, ow, c] = i * in_w + j
//
// dy (binding 0), dx (binding 2): the y and x of shared/pool_window.wgsl. index (binding 1): dy's shape without gaps.
// Which elements an invocation owns and what the dispatch is: see shared/elements.wgsl, for the elements of dx.

@group(0) @binding(0) var<storage, read> dy: array<element>;
@group(0) @binding(1) var<storage, read> index: array<element_index>;
@group(0) @binding(2) var<storage, read_write> dx: array<element>;
@group(0) @binding(3) var<uniform> shape: PoolShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let own = stretch(group, groups, lane, shape.batch * shape.in_h * shape.in_w * shape.channels);
  for (var k = own.first; k < own.end; k += 64u) {
    let at = place_of(k, shape.in_h, shape.in_w);
    let rows = windows_of(at.i, shape.kernel_h, shape.stride_h, shape.pad_h, shape.out_h);
    let columns = windows_of(at.j, shape.kernel_w, shape.stride_w, shape.pad_w, shape.out_w);
    let me = element_index(i32(at.i * shape.in_w + at.j));
    var sum = element();
    for (var oh = rows.first; oh < rows.end; oh++) {
      for (var ow = columns.first; ow < columns.end; ow++) {
        let pixel = (at.n * shape.out_h + oh) * shape.out_w + ow;
        let gradient = dy[shape.y_base + pixel * shape.y_stride + at.c];
        sum += select(element(), gradient, index[pixel * shape.channels + at.c] == me);
      }
    }
    dx[shape.x_base + at.pixel * shape.x_stride + at.c] = sum;
  }
}
