// A factor and a summand for each channel.
//
//   y[r, c] = x[r, c] * gamma[c] + beta[c]      the summand only if HAS_BETA (prepended)
//
// x (binding 0), y (binding 3): rows of `columns` elements, see shared/elements.wgsl, which also says what an
// invocation owns and what the dispatch is. gamma (binding 1), beta (binding 2; else any buffer): [columns].

struct ScaleShiftShape {
  count: u32, columns: u32,
  x_base: u32, x_stride: u32,
  y_base: u32, y_stride: u32,
  gamma_base: u32, beta_base: u32,
}

@group(0) @binding(0) var<storage, read> x: array<x_element>;
@group(0) @binding(1) var<storage, read> gamma: array<element>;
@group(0) @binding(2) var<storage, read> beta: array<element>;
@group(0) @binding(3) var<storage, read_write> y: array<y_element>;
@group(0) @binding(4) var<uniform> shape: ScaleShiftShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let own = stretch(group, groups, lane, shape.count);
  for (var i = own.first; i < own.end; i += 64u) {
    let c = i % shape.columns;
    var value = element(x[address(i, shape.columns, shape.x_base, shape.x_stride)]) * gamma[shape.gamma_base + c];
    if (HAS_BETA) { value += beta[shape.beta_base + c]; }
    y[address(i, shape.columns, shape.y_base, shape.y_stride)] = y_element(value);
  }
}
