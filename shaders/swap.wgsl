// Exchanges the contents of two blocks, to the bit.
//
//   a[i], b[i] = b[i], a[i]      i < count
//
// a (binding 0), b (binding 1): [count] without gaps, each from its own base on. `element` (prepended) is vec4u when both allow,
// else u32; count and bases are in units of it.
//
// One workgroup: WORKGROUP invocations. It owns a stretch of WORKGROUP * each neighbouring elements, of which an
// invocation takes every WORKGROUP-th. Dispatch: [x, y, 1] with x * y * WORKGROUP * each >= count.

struct SwapShape {
  count: u32,
  each: u32,
  a_base: u32, b_base: u32,
}

@group(0) @binding(0) var<storage, read_write> a: array<element>;
@group(0) @binding(1) var<storage, read_write> b: array<element>;
@group(0) @binding(2) var<uniform> shape: SwapShape;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let stretch = WORKGROUP * shape.each;
  let start = (group.y * groups.x + group.x) * stretch;
  let end = min(start + stretch, shape.count);
  for (var i = start + lane; i < end; i += WORKGROUP) {
    let kept = a[shape.a_base + i];
    a[shape.a_base + i] = b[shape.b_base + i];
    b[shape.b_base + i] = kept;
  }
}
