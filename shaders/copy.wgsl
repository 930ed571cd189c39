// Copies a tensor, bit for bit.
//
//   y[i] = x[i]
//
// x (binding 0), y (binding 1): rows of `columns` elements, see shared/elements.wgsl, which also says what an
// invocation owns and what the dispatch is. `x_element` and `y_element` are vec4u or u32 here: arithmetic types may lose the
// payload of a NaN or a denormal on their way. Where one of the tensors is f16, they are the types of the two, and a copy converts.

struct CopyShape {
  count: u32, columns: u32,
  x_base: u32, x_stride: u32,
  y_base: u32, y_stride: u32,
}

@group(0) @binding(0) var<storage, read> x: array<x_element>;
@group(0) @binding(1) var<storage, read_write> y: array<y_element>;
@group(0) @binding(2) var<uniform> shape: CopyShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let own = stretch(group, groups, lane, shape.count);
  for (var i = own.first; i < own.end; i += 64u) {
    y[address(i, shape.columns, shape.y_base, shape.y_stride)] = y_element(x[address(i, shape.columns, shape.x_base, shape.x_stride)]);
  }
}
