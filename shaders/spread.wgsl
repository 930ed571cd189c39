// Gradient of a sum or mean over all elements: one number of the device, scaled, in every place.
//
//   y[i] = factor * x[0]
//
// x (binding 0): one element, at x_base. y (binding 1): rows of `columns` elements, see shared/elements.wgsl,
// which also says what an invocation owns and what the dispatch is.

struct SpreadShape {
  count: u32, columns: u32,
  y_base: u32, y_stride: u32,
  x_base: u32,
  factor: f32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<y_element>;
@group(0) @binding(2) var<uniform> shape: SpreadShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let value = element(shape.factor * x[shape.x_base]);
  let own = stretch(group, groups, lane, shape.count);
  for (var i = own.first; i < own.end; i += 64u) {
    y[address(i, shape.columns, shape.y_base, shape.y_stride)] = y_element(value);
  }
}
