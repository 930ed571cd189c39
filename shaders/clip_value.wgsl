// Brings gradients into a range, in place.
//
//   g[i] = bound where g[i] > bound, -bound where g[i] < -bound; a NaN stays one
//
// g (binding 0): rows of `columns` elements, see shared/elements.wgsl, which also says what an invocation owns and what the
// dispatch is.

struct ClipShape {
  count: u32, columns: u32,
  g_base: u32, g_stride: u32,
  bound: f32,
}

@group(0) @binding(0) var<storage, read_write> g: array<element>;
@group(0) @binding(1) var<uniform> shape: ClipShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let own = stretch(group, groups, lane, shape.count);
  let bound = element(shape.bound);
  for (var i = own.first; i < own.end; i += 64u) {
    let at = address(i, shape.columns, shape.g_base, shape.g_stride);
    let value = g[at];
    g[at] = select(select(value, bound, value > bound), -bound, value < -bound);
  }
}
