// Draws standard normal numbers for a forward pass, so that a recorded step draws others each time it runs:
//
//   y[i] = normal[i]
//
// with normal[i] from (i, layer, pass, step, seed) by words that shared/layer_key.wgsl tells apart; shared/normal.wgsl says how.
//
// y (binding 1): rows of `columns` elements, see shared/elements.wgsl, which also says what an invocation owns and what the dispatch
// is. state (binding 0): seed, step and pass.

struct DrawShape {
  count: u32, columns: u32,
  y_base: u32, y_stride: u32,
  state_base: u32,
  layer: u32,
}

@group(0) @binding(0) var<storage, read> state: array<u32>;
@group(0) @binding(1) var<storage, read_write> y: array<element>;
@group(0) @binding(2) var<uniform> shape: DrawShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let key = layer_key(state[shape.state_base], state[shape.state_base + 1u], state[shape.state_base + 2u], shape.layer);
  let own = stretch(group, groups, lane, shape.count);
  for (var i = own.first; i < own.end; i += 64u) {
    let words = random_words(quad_of(i), key.x, key.y, key.z);
    y[address(i, shape.columns, shape.y_base, shape.y_stride)] = from_quad(normal_quad(unit_interval(words)), i);
  }
}
