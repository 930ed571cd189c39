// How an elementwise kernel finds its way through tensors of one shape. `element` (prepended) is vec4f when every
// tensor's rows start and end on multiples of four, else f32; all sizes, bases and strides are in units of it.
//
// The tensors are `count` elements in rows of `columns`; rows of one tensor lie `stride` elements apart, because it
// may be a range of the channels of a wider one. STRIDED (prepended) is false when no tensor has such gaps.
//
// One workgroup: 64 invocations. It owns a stretch of neighbouring elements, of which an invocation takes every 64th:
// a GPU's loads stay coalesced, and a CPU adapter makes few invocations.
// Dispatch: any [x, y, 1]; the stretches are as long as the workgroups need to cover all elements.

fn invocation_index(group: vec3u, groups: vec3u, lane: u32) -> u32 {
  return (group.y * groups.x + group.x) * 64u + lane;
}

struct Stretch {
  first: u32,
  end: u32,
}

// The elements of an invocation: first, first + 64, ... below end.
fn stretch(group: vec3u, groups: vec3u, lane: u32, count: u32) -> Stretch {
  let rounds = ((count + 63u) / 64u + groups.x * groups.y - 1u) / (groups.x * groups.y);
  let start = (group.y * groups.x + group.x) * rounds * 64u;
  return Stretch(start + lane, min(start + rounds * 64u, count));
}

// Where element i of a tensor lies in its binding.
fn address(i: u32, columns: u32, base: u32, stride: u32) -> u32 {
  if (STRIDED) { return base + i / columns * stride + i % columns; }
  return base + i;
}
