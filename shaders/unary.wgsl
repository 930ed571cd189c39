// A function of one tensor, or of a tensor and a number, element by element.
//
//   y[i] = call(x[i])
//
// with the `apply` of one of the files in functions/, called by one of the files shared/call_*.wgsl.
// x (binding 0) broadcasts to the shape of y (binding 1); see
// shared/broadcast.wgsl for where their elements lie, with the steps of x and y, and shared/stretch.wgsl for which
// elements an invocation owns and what the dispatch is.

@group(0) @binding(0) var<storage, read> x: array<x_element>;
@group(0) @binding(1) var<storage, read_write> y: array<y_element>;
@group(0) @binding(2) var<uniform> walk: Walk;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let own = stretch(group, groups, lane, walk.count);
  for (var i = own.first; i < own.end; i += 64u) {
    let at = places(i);
    y[at.y] = y_element(call(element(x[at.x])));
  }
}
