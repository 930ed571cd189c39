// Moves a running average towards parameters.
//
//   a[i] = kept a[i] + weight p[i]      i < count
//
// a (binding 0), p (binding 1): [count] without gaps, each from its own base on. `element` (prepended) is vec4f when both allow,
// else f32; count and bases are in units of it. hyper (binding 2): [weight, kept] with kept = 1 - weight, from hyper_base on.
//
// One workgroup: WORKGROUP invocations. It owns a stretch of WORKGROUP * each neighbouring elements, of which an
// invocation takes every WORKGROUP-th. Dispatch: [x, y, 1] with x * y * WORKGROUP * each >= count.

struct AverageShape {
  count: u32,
  each: u32,
  a_base: u32, p_base: u32,
  hyper_base: u32,
}

@group(0) @binding(0) var<storage, read_write> a: array<element>;
@group(0) @binding(1) var<storage, read> p: array<element>;
@group(0) @binding(2) var<storage, read> hyper: array<f32>;
@group(0) @binding(3) var<uniform> shape: AverageShape;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let weight = hyper[shape.hyper_base];
  let kept = hyper[shape.hyper_base + 1u];
  let stretch = WORKGROUP * shape.each;
  let start = (group.y * groups.x + group.x) * stretch;
  let end = min(start + stretch, shape.count);
  for (var i = start + lane; i < end; i += WORKGROUP) {
    a[shape.a_base + i] = kept * a[shape.a_base + i] + weight * p[shape.p_base + i];
  }
}
