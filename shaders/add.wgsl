// Weighted sum of two tensors of one shape.
//
//   y[i] = scale_a * a[i] + scale_b * b[i]
//
// a (binding 0), b (binding 1), y (binding 2): rows of `columns` elements, see shared/elements.wgsl, which also
// says what an invocation owns and what the dispatch is.

struct AddShape {
  count: u32, columns: u32,
  a_base: u32, a_stride: u32,
  b_base: u32, b_stride: u32,
  y_base: u32, y_stride: u32,
  scale_a: f32, scale_b: f32,
}

@group(0) @binding(0) var<storage, read> a: array<a_element>;
@group(0) @binding(1) var<storage, read> b: array<b_element>;
@group(0) @binding(2) var<storage, read_write> y: array<y_element>;
@group(0) @binding(3) var<uniform> shape: AddShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let own = stretch(group, groups, lane, shape.count);
  for (var i = own.first; i < own.end; i += 64u) {
    let at_a = address(i, shape.columns, shape.a_base, shape.a_stride);
    let at_b = address(i, shape.columns, shape.b_base, shape.b_stride);
    let at_y = address(i, shape.columns, shape.y_base, shape.y_stride);
    y[at_y] = y_element(shape.scale_a * element(a[at_a]) + shape.scale_b * element(b[at_b]));
  }
}
