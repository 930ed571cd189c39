// Fills a tensor with normally distributed numbers:
//
//   y[i] = mean + deviation * normal[i]
//
// with normal[i] from (i, stream, 0, seed); shared/normal.wgsl says how.
//
// y (binding 0): rows of `columns` elements, see shared/elements.wgsl, which also says what an invocation owns
// and what the dispatch is; shared/random.wgsl has the generator.

struct NormalShape {
  count: u32, columns: u32,
  y_base: u32, y_stride: u32,
  stream: u32, seed: u32,
  mean: f32, deviation: f32,
}

@group(0) @binding(0) var<storage, read_write> y: array<element>;
@group(0) @binding(1) var<uniform> shape: NormalShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let own = stretch(group, groups, lane, shape.count);
  for (var i = own.first; i < own.end; i += 64u) {
    let words = random_words(quad_of(i), shape.stream, 0u, shape.seed);
    let normal = from_quad(normal_quad(unit_interval(words)), i);
    y[address(i, shape.columns, shape.y_base, shape.y_stride)] = shape.mean + shape.deviation * normal;
  }
}
