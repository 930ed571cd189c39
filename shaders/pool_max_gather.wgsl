// The numbers at the pixels that a max-pooling chose: the adjoint of pool_max_spread.wgsl.
//
//   y[n, oh, ow, c] = x[n, index[n, oh, ow, c], c]
//
// x (binding 0), y (binding 2): see shared/pool_window.wgsl. index (binding 1): y's shape without gaps.
// Which elements an invocation owns and what the dispatch is: see shared/elements.wgsl, for the elements of y, which are
// single numbers here.

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> index: array<i32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<uniform> shape: PoolShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let own = stretch(group, groups, lane, shape.batch * shape.out_h * shape.out_w * shape.channels);
  for (var k = own.first; k < own.end; k += 64u) {
    let at = place_of(k, shape.out_h, shape.out_w);
    let chosen = at.n * shape.in_h * shape.in_w + u32(index[k]);
    y[shape.y_base + at.pixel * shape.y_stride + at.c] = x[shape.x_base + chosen * shape.x_stride + at.c];
  }
}
