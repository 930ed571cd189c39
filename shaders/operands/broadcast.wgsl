// How an elementwise kernel finds its way through tensors of several shapes that broadcast to one.
//
// The result's shape is RANK (prepended) axes, outermost first; the host has joined axes wherever all tensors allow, so
// that tensors of one shape have one axis, and rows with a vector two. Of each axis the kernel knows its length and, for
// three tensors, the distance from one index to the next: 0 where a tensor is repeated along the axis.
// Lengths are in units of `element` (prepended: vec4f or f32); the steps and the base of a tensor in units of its own
// type, which is f32 for one that is repeated along the last axis.
//
// `numbers` are those of the operation itself, such as the bounds of a clamp.

struct Walk {
  // length, then three steps
  axes: array<vec4u, RANK>,
  bases: vec3u,
  count: u32,
  numbers: vec4f,
}

// Where element i of the result finds its operands.
fn places(i: u32) -> vec3u {
  var rest = i;
  var at = walk.bases;
  for (var k = RANK - 1u; k > 0u; k--) {
    let axis = walk.axes[k];
    let outer = rest / axis.x;
    at += (rest - outer * axis.x) * axis.yzw;
    rest = outer;
  }
  return at + rest * walk.axes[0].yzw;
}
