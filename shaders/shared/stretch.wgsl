// Which elements an invocation of an elementwise kernel owns.
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
