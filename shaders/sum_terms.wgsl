// First stage of a sum over all elements: one partial sum an invocation, added up by sum_partials.wgsl.
//
//   partial[k] = sum over i = k, k + partials, k + 2 partials, ... < count of term(x[i], t[i])
//
// with the term of one of the files in loss-terms/; lanes of a vec4f are added last, in pairs.
//
// x (binding 0) and, if HAS_TARGET, t (binding 1): rows of `columns` elements, see shared/elements.wgsl. Without
// a target tensor t is `target_value` everywhere, and any buffer does for binding 1.
// partial (binding 2): [partials].
//
// One invocation owns one partial sum; neighbours read neighbouring elements. No workgroup memory and no barrier.
// Dispatch: [x, y, 1] with x * y * 64 >= partials.

struct SumShape {
  count: u32, columns: u32,
  x_base: u32, x_stride: u32,
  t_base: u32, t_stride: u32,
  partials: u32,
  target_value: f32,
}

@group(0) @binding(0) var<storage, read> x: array<x_element>;
@group(0) @binding(1) var<storage, read> t: array<t_element>;
@group(0) @binding(2) var<storage, read_write> partial: array<f32>;
@group(0) @binding(3) var<uniform> shape: SumShape;

// Terms that are added up before they join the sum: rounding errors grow with the length of a chain of additions.
const RUN = 8u;

fn across_lanes(sum: element) -> f32 {
  if (VECTORIZED) {
    let pairs = vec4f(sum).xy + vec4f(sum).zw;
    return pairs.x + pairs.y;
  }
  return vec4f(sum).x;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let k = invocation_index(group, groups, lane);
  if (k >= shape.partials) { return; }
  var sum = element();
  var i = k;
  while (i < shape.count) {
    var run = element();
    for (var r = 0u; r < RUN && i < shape.count; r++) {
      var expected = element(shape.target_value);
      if (HAS_TARGET) { expected = element(t[address(i, shape.columns, shape.t_base, shape.t_stride)]); }
      run += term(element(x[address(i, shape.columns, shape.x_base, shape.x_stride)]), expected);
      i += shape.partials;
    }
    sum += run;
  }
  partial[k] = across_lanes(sum);
}
