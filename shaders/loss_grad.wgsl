// Gradient of a loss that is a mean over all elements, with respect to its prediction.
//
//   dx[i] = factor * gradient[0] * term_derivative(x[i], t[i])      factor = 1 / count of numbers
//
// with the term of one of the files in loss-terms/.
//
// x (binding 0), t (binding 1, if HAS_TARGET; else any buffer, and t is `target_value` everywhere) and
// dx (binding 3): rows of `columns` elements, see shared/elements.wgsl, which also says what an invocation owns
// and what the dispatch is. gradient (binding 2): one element, at gradient_base.

struct LossGradShape {
  count: u32, columns: u32,
  x_base: u32, x_stride: u32,
  t_base: u32, t_stride: u32,
  dx_base: u32, dx_stride: u32,
  gradient_base: u32,
  target_value: f32,
  factor: f32,
}

@group(0) @binding(0) var<storage, read> x: array<x_element>;
@group(0) @binding(1) var<storage, read> t: array<t_element>;
@group(0) @binding(2) var<storage, read> gradient: array<f32>;
@group(0) @binding(3) var<storage, read_write> dx: array<dx_element>;
@group(0) @binding(4) var<uniform> shape: LossGradShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let weight = shape.factor * gradient[shape.gradient_base];
  let own = stretch(group, groups, lane, shape.count);
  for (var i = own.first; i < own.end; i += 64u) {
    var expected = element(shape.target_value);
    if (HAS_TARGET) { expected = element(t[address(i, shape.columns, shape.t_base, shape.t_stride)]); }
    let derivative = term_derivative(element(x[address(i, shape.columns, shape.x_base, shape.x_stride)]), expected);
    dx[address(i, shape.columns, shape.dx_base, shape.dx_stride)] = dx_element(weight * derivative);
  }
}
