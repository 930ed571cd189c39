// Index of the largest element along some axes of a tensor (of the smallest one, if SMALLEST): the first of several, and the
// first NaN if there is one.
//
//   y[s, o] = that j among the terms t of [s * terms_per_split, (s + 1) * terms_per_split) for which x[o, j] is largest,
//             where term t is j = t, or if HAS_CANDIDATES j = candidates[t, o]
//
// The host runs it in stages: the first finds the best of each range of elements, and each stage after it the best of each
// range of those; see shared/reduced_axes.wgsl for where x[o, j] lies.
//
// x (binding 0): f32. candidates (binding 1): [terms, outputs], i32; y (binding 2): [splits, outputs], i32. Without candidates
// any buffer does for binding 1.
//
// One invocation owns one element of y, neighbours along o first. No workgroup memory and no barrier.
// Dispatch: [x, y, 1] with x * y * 64 >= splits * outputs.

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> candidates: array<i32>;
@group(0) @binding(2) var<storage, read_write> y: array<i32>;
@group(0) @binding(3) var<uniform> reduction: Reduction;

fn term(t: u32, o: u32) -> u32 {
  if (HAS_CANDIDATES) { return u32(candidates[t * reduction.outputs + o]); }
  return t;
}

fn exceeds(value: f32, best: f32) -> bool {
  if (is_nan(best)) { return false; }
  if (is_nan(value)) { return true; }
  if (SMALLEST) { return value < best; }
  return value > best;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = invocation_index(group, groups, lane);
  if (i >= reduction.splits * reduction.outputs) { return; }
  let o = i % reduction.outputs;
  let start = kept_place(o);
  let first = i / reduction.outputs * reduction.terms_per_split;
  let last = min(first + reduction.terms_per_split, reduction.terms);
  var index = term(first, o);
  var best = x[start + reduced_place(index)];
  for (var t = first + 1u; t < last; t++) {
    let j = term(t, o);
    let value = x[start + reduced_place(j)];
    if (exceeds(value, best)) {
      index = j;
      best = value;
    }
  }
  y[i] = i32(index);
}
