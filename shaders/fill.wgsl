// Sets every element of a tensor to one number.
//
//   y[i] = value
//
// y (binding 0): rows of `columns` elements, see shared/elements.wgsl, which also says what an invocation owns
// and what the dispatch is.

struct FillShape {
  count: u32, columns: u32,
  y_base: u32, y_stride: u32,
  value: f32,
}

@group(0) @binding(0) var<storage, read_write> y: array<y_element>;
@group(0) @binding(1) var<uniform> shape: FillShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let own = stretch(group, groups, lane, shape.count);
  for (var i = own.first; i < own.end; i += 64u) {
    y[address(i, shape.columns, shape.y_base, shape.y_stride)] = y_element(element(shape.value));
  }
}
