// Fills a tensor with evenly spaced numbers.
//
//   y[i] = start + step * i
//
// y (binding 0): [count], without gaps, from y_base on. See shared/stretch.wgsl for which elements an invocation owns
// and what the dispatch is.

struct RangeShape {
  count: u32,
  y_base: u32,
  start: f32,
  step: f32,
}

@group(0) @binding(0) var<storage, read_write> y: array<f32>;
@group(0) @binding(1) var<uniform> shape: RangeShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let own = stretch(group, groups, lane, shape.count);
  for (var i = own.first; i < own.end; i += 64u) {
    y[shape.y_base + i] = shape.start + shape.step * f32(i);
  }
}
