// Gradient of an activation function with respect to its input.
//
//   dx[i] = dy[i] * derivative(saved[i])
//
// saved (binding 0): what the derivative is computed from, x or y, see shared/activations.wgsl.
// dy (binding 1), dx (binding 2). All three: rows of `columns` elements, see shared/elements.wgsl, which also
// says what an invocation owns and what the dispatch is.

struct ActivationGradShape {
  count: u32, columns: u32,
  saved_base: u32, saved_stride: u32,
  dy_base: u32, dy_stride: u32,
  dx_base: u32, dx_stride: u32,
  slope: f32,
}

@group(0) @binding(0) var<storage, read> saved: array<saved_element>;
@group(0) @binding(1) var<storage, read> dy: array<dy_element>;
@group(0) @binding(2) var<storage, read_write> dx: array<dx_element>;
@group(0) @binding(3) var<uniform> shape: ActivationGradShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let own = stretch(group, groups, lane, shape.count);
  for (var i = own.first; i < own.end; i += 64u) {
    let at = element(saved[address(i, shape.columns, shape.saved_base, shape.saved_stride)]);
    let gradient = element(dy[address(i, shape.columns, shape.dy_base, shape.dy_stride)]);
    dx[address(i, shape.columns, shape.dx_base, shape.dx_stride)] = dx_element(activation_gradient(at, gradient, shape.slope));
  }
}
