// Multiplies gradients with one number, in place.
//
//   g[i] = coefficient g[i]; 0 where the coefficient is negative, and where g[i] = 0, whatever the coefficient
//
// Zeros stay so that a coefficient of NaN does not spread into the gaps between the gradients of a module, which nothing writes
// again. coefficient (binding 0): one element, at coefficient_base. g (binding 1): rows of `columns` elements, see
// shared/elements.wgsl, which also says what an invocation owns and what the dispatch is.

struct ScaleShape {
  count: u32, columns: u32,
  g_base: u32, g_stride: u32,
  coefficient_base: u32,
}

@group(0) @binding(0) var<storage, read> coefficient: array<f32>;
@group(0) @binding(1) var<storage, read_write> g: array<element>;
@group(0) @binding(2) var<uniform> shape: ScaleShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let own = stretch(group, groups, lane, shape.count);
  let factor = coefficient[shape.coefficient_base];
  for (var i = own.first; i < own.end; i += 64u) {
    let at = address(i, shape.columns, shape.g_base, shape.g_stride);
    let value = g[at];
    let scaled = select(value * factor, element(), value == element());
    g[at] = select(scaled, element(), factor < 0.0);
  }
}
