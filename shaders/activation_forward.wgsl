// An activation function, element by element; shared/activations.wgsl has the formulas.
//
//   y[i] = activate(x[i])
//
// x (binding 0), y (binding 1): rows of `columns` elements, see shared/elements.wgsl, which also says what an
// invocation owns and what the dispatch is.

struct ActivationShape {
  count: u32, columns: u32,
  x_base: u32, x_stride: u32,
  y_base: u32, y_stride: u32,
  slope: f32,
}

@group(0) @binding(0) var<storage, read> x: array<x_element>;
@group(0) @binding(1) var<storage, read_write> y: array<y_element>;
@group(0) @binding(2) var<uniform> shape: ActivationShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let own = stretch(group, groups, lane, shape.count);
  for (var i = own.first; i < own.end; i += 64u) {
    let value = element(x[address(i, shape.columns, shape.x_base, shape.x_stride)]);
    y[address(i, shape.columns, shape.y_base, shape.y_stride)] = y_element(activate(value, shape.slope));
  }
}
