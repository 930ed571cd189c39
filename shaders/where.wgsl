// A choice between two tensors or numbers, element by element.
//
//   y[i] = a[i] where condition[i] is not zero (a NaN is not), else b[i]
//
// condition (binding 0), a (binding 1) and b (binding 2) broadcast to the shape of y (binding 3), which has no gaps; see
// shared/broadcast.wgsl for where their elements lie, with the steps of condition, a and b, and shared/stretch.wgsl
// for which elements an invocation owns and what the dispatch is.
//
// If A_IS_NUMBER or B_IS_NUMBER (prepended), that operand is numbers.z or numbers.w, and any buffer does for its binding.

@group(0) @binding(0) var<storage, read> condition: array<condition_element>;
@group(0) @binding(1) var<storage, read> a: array<a_element>;
@group(0) @binding(2) var<storage, read> b: array<b_element>;
@group(0) @binding(3) var<storage, read_write> y: array<y_element>;
@group(0) @binding(4) var<uniform> walk: Walk;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let own = stretch(group, groups, lane, walk.count);
  for (var i = own.first; i < own.end; i += 64u) {
    let at = places(i);
    var chosen = element(walk.numbers.z);
    var other = element(walk.numbers.w);
    if (!A_IS_NUMBER) { chosen = element(a[at.y]); }
    if (!B_IS_NUMBER) { other = element(b[at.z]); }
    y[i] = y_element(select(chosen, other, element(condition[at.x]) == element()));
  }
}
