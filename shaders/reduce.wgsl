// Combines the elements along some axes of a tensor by a function of two, in a fixed order.
//
//   y[s, o] = factor * combination over j in [s * terms_per_split, (s + 1) * terms_per_split) of x[o, j]
//
// with the `apply` of one of the files in functions/ (a sum, a maximum, a minimum). The host runs it in stages: each
// combines ranges of terms, until one range is left; see shared/reduced_axes.wgsl for where x[o, j] lies.
//
// x (binding 0): f32, in units of `element` (prepended), as are its lengths, steps and base. y (binding 1): [splits, outputs].
// `element` is vec4f where four neighbouring elements of x belong to four neighbouring results (lanes_kept.wgsl), or all to one
// (lanes_combined.wgsl).
//
// One invocation owns one element of y, neighbours along o first. No workgroup memory and no barrier.
// Dispatch: [x, y, 1] with x * y * 64 >= splits * outputs.

@group(0) @binding(0) var<storage, read> x: array<element>;
@group(0) @binding(1) var<storage, read_write> y: array<result>;
@group(0) @binding(2) var<uniform> reduction: Reduction;

// Terms that are combined before they join the rest: rounding errors grow with the length of a chain of additions.
const RUN = 16u;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = invocation_index(group, groups, lane);
  if (i >= reduction.splits * reduction.outputs) { return; }
  let start = kept_place(i % reduction.outputs);
  let first = i / reduction.outputs * reduction.terms_per_split;
  let last = min(first + reduction.terms_per_split, reduction.terms);
  var total = element();
  for (var begin = first; begin < last; begin += RUN) {
    var run = x[start + reduced_place(begin)];
    for (var j = begin + 1u; j < min(begin + RUN, last); j++) {
      run = apply(run, x[start + reduced_place(j)]);
    }
    if (begin == first) {
      total = run;
    } else {
      total = apply(total, run);
    }
  }
  y[i] = reduction.factor * finish(total);
}
