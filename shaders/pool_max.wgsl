// The largest number of each window, and which pixel of the image it is.
//
//   y[n, oh, ow, c] = max over the pixels (i, j) of window (oh, ow) of x[n, i, j, c],  index[n, oh, ow, c] = i * in_w + j
//
// Pixels outside of the image are not there. Of equal numbers the first counts; a NaN is larger than all, as in PyTorch.
//
// x (binding 0), y (binding 1): see shared/pool_window.wgsl. index (binding 2): y's shape without gaps.
// Which elements an invocation owns and what the dispatch is: see shared/elements.wgsl, for the elements of y.

@group(0) @binding(0) var<storage, read> x: array<element>;
@group(0) @binding(1) var<storage, read_write> y: array<element>;
@group(0) @binding(2) var<storage, read_write> index: array<element_index>;
@group(0) @binding(3) var<uniform> shape: PoolShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let own = stretch(group, groups, lane, shape.batch * shape.out_h * shape.out_w * shape.channels);
  for (var k = own.first; k < own.end; k += 64u) {
    let at = place_of(k, shape.out_h, shape.out_w);
    let rows = window(at.i, shape.kernel_h, shape.stride_h, shape.pad_h, shape.in_h);
    let columns = window(at.j, shape.kernel_w, shape.stride_w, shape.pad_w, shape.in_w);
    let image = shape.x_base + at.n * shape.in_h * shape.in_w * shape.x_stride + at.c;
    var first = rows.first * shape.in_w + columns.first;
    var best = x[image + first * shape.x_stride];
    var found = element_index(i32(first));
    for (var i = rows.first; i < rows.end; i++) {
      for (var j = columns.first; j < columns.end; j++) {
        let pixel = i * shape.in_w + j;
        let value = x[image + pixel * shape.x_stride];
        // By its bits: a compiler may take it that no number is NaN.
        let not_a_number = (bitcast<element_index>(value) & element_index(0x7fffffff)) > element_index(0x7f800000);
        let larger = (value > best) | not_a_number;
        best = select(best, value, larger);
        found = select(found, element_index(i32(pixel)), larger);
      }
    }
    y[shape.y_base + at.pixel * shape.y_stride + at.c] = best;
    index[k] = found;
  }
}
