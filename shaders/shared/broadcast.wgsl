// How an elementwise kernel finds its way through tensors of several shapes that broadcast to one.
//
// The result's shape is RANK (prepended) axes, outermost first; the host has joined axes wherever all tensors allow, so
// that tensors of one shape have one axis, and rows with a vector two. Of each axis the kernel knows its length and, for
// three tensors, the distance from one index to the next: 0 where a tensor is repeated along the axis.
// Lengths are in units of `element` (prepended: vec4f or f32); the steps and the base of a tensor in units of its own
// type, which is f32 for one that is repeated along the last axis.
// STEP_1 to STEP_3 (prepended) are the steps along the last axis where they are 0 or 1, and else 2.
//
// `numbers` are those of the operation itself, such as the bounds of a clamp.

struct Walk {
  // length, then three steps
  axes: array<vec4u, RANK>,
  bases: vec3u,
  count: u32,
  numbers: vec4f,
}

// The step of a tensor along the last axis: known as the kernel is compiled where it is 0 or 1, which saves a multiplication.
fn along_last(index: u32, known: u32, step: u32) -> u32 {
  if (known == 0u) { return 0u; }
  if (known == 1u) { return index; }
  return index * step;
}

// Where element i of the result finds its operands.
fn places(i: u32) -> vec3u {
  var at = walk.bases;
  var index = i;
  if (RANK > 1u) {
    let inner = walk.axes[RANK - 1u].x;
    var rest = i / inner;
    index = i - rest * inner;
    for (var k = max(RANK, 2u) - 2u; k > 0u; k--) {
      let axis = walk.axes[k];
      let outer = rest / axis.x;
      at += (rest - outer * axis.x) * axis.yzw;
      rest = outer;
    }
    at += rest * walk.axes[0].yzw;
  }
  let last = walk.axes[RANK - 1u];
  return at + vec3u(along_last(index, STEP_1, last.y), along_last(index, STEP_2, last.z), along_last(index, STEP_3, last.w));
}
