// A function of two tensors, element by element.
//
//   y[i] = apply(a[i], b[i])
//
// with the `apply` of one of the files in functions/. a (binding 0) and b (binding 1) broadcast to the shape of y
// (binding 2); see shared/broadcast.wgsl for where their elements lie, with the steps of a, b and y, and
// shared/stretch.wgsl for which elements an invocation owns and what the dispatch is.

@group(0) @binding(0) var<storage, read> a: array<a_element>;
@group(0) @binding(1) var<storage, read> b: array<b_element>;
@group(0) @binding(2) var<storage, read_write> y: array<y_element>;
@group(0) @binding(3) var<uniform> walk: Walk;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let own = stretch(group, groups, lane, walk.count);
  for (var i = own.first; i < own.end; i += 64u) {
    let at = places(i);
    y[at.z] = y_element(apply(element(a[at.x]), element(b[at.y])));
  }
}
