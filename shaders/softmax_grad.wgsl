// Gradient of softmax along one axis, or of its logarithm (LOG, prepended), from the result.
//
//   dx[o, k, i] = y[o, k, i] * (dy[o, k, i] - sum over l of dy[o, l, i] * y[o, l, i])
//   LOG:  dx[o, k, i] = dy[o, k, i] - exp(y[o, k, i]) * sum over l of dy[o, l, i]
//
// y (binding 0), dy (binding 1), dx (binding 2): [outer][length][inner], of which a row of `columns` may lie `stride`
// apart, see shared/elements.wgsl. Where y is NaN, so is dx (`invalid`).
//
// WIDTH (prepended) invocations of a workgroup of 64 own one line [o, :, i] together, as in softmax.wgsl.
// Dispatch: [x, y, 1] with x * y * (64 / WIDTH) >= outer * inner.

struct SoftmaxGradShape {
  lines: u32, length: u32, inner: u32, columns: u32,
  y_base: u32, y_stride: u32,
  dy_base: u32, dy_stride: u32,
  dx_base: u32, dx_stride: u32,
  invalid: f32,
}

@group(0) @binding(0) var<storage, read> y: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;
@group(0) @binding(3) var<uniform> shape: SoftmaxGradShape;

// Terms that are added up before they join the sum: rounding errors grow with the length of a chain of additions.
const RUN = 16u;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  // Past the last line: the last one again, which is not stored, so that all meet at the barriers.
  let own = (group.y * groups.x + group.x) * (64u / WIDTH) + lane / WIDTH;
  let line = min(own, shape.lines - 1u);
  let start = line / shape.inner * shape.length * shape.inner + line % shape.inner;
  let first = lane % WIDTH;

  var sum = 0.0;
  var k = first;
  while (k < shape.length) {
    var run = 0.0;
    for (var r = 0u; r < RUN && k < shape.length; r++) {
      let i = start + k * shape.inner;
      let gradient = dy[address(i, shape.columns, shape.dy_base, shape.dy_stride)];
      if (LOG) { run += gradient; } else { run += gradient * y[address(i, shape.columns, shape.y_base, shape.y_stride)]; }
      k += WIDTH;
    }
    sum += run;
  }
  sum = share_sum(sum, lane);

  if (own >= shape.lines) { return; }
  for (var k = first; k < shape.length; k += WIDTH) {
    let i = start + k * shape.inner;
    let value = y[address(i, shape.columns, shape.y_base, shape.y_stride)];
    let gradient = dy[address(i, shape.columns, shape.dy_base, shape.dy_stride)];
    var result = value * (gradient - sum);
    if (LOG) { result = gradient - exp(value) * sum; }
    if (is_nan(value)) { result = shape.invalid; }
    dx[address(i, shape.columns, shape.dx_base, shape.dx_stride)] = result;
  }
}
