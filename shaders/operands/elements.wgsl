// How an elementwise kernel finds its way through tensors of one shape. `element` (prepended) is vec4f when every
// tensor's rows start and end on multiples of four, else f32; all sizes, bases and strides are in units of it.
//
// The tensors are `count` elements in rows of `columns`; rows of one tensor lie `stride` elements apart, because it
// may be a range of the channels of a wider one. STRIDED (prepended) is false when no tensor has such gaps.
//
// One workgroup: 64 invocations, each of which owns one element.
// Dispatch: [x, y, 1] with x * y * 64 >= count.

fn invocation_index(group: vec3u, groups: vec3u, lane: u32) -> u32 {
  return (group.y * groups.x + group.x) * 64u + lane;
}

// Where element i of a tensor lies in its binding.
fn address(i: u32, columns: u32, base: u32, stride: u32) -> u32 {
  if (STRIDED) { return base + i / columns * stride + i % columns; }
  return base + i;
}
