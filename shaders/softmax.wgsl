// Softmax along one axis, or its logarithm (LOG, prepended).
//
//   y[o, k, i] = exp(x[o, k, i] - max) / sum over l of exp(x[o, l, i] - max),  or  x[o, k, i] - max - log(that sum)
//
// with max the largest of x[o, l, i] over l < length, so that no exponential overflows. A NaN or +infinity in a line
// makes all of it NaN (`invalid`), as does a line of -infinity alone.
//
// x (binding 0), y (binding 1): [outer][length][inner], of which a row of `columns` may lie `stride` apart, see
// shared/elements.wgsl.
//
// WIDTH (prepended) invocations of a workgroup of 64 own one line [o, :, i] together: 1 where there are lines enough,
// 64 where a line is long; they add their parts in a fixed tree.
// Dispatch: [x, y, 1] with x * y * (64 / WIDTH) >= outer * inner.

struct SoftmaxShape {
  lines: u32, length: u32, inner: u32, columns: u32,
  x_base: u32, x_stride: u32,
  y_base: u32, y_stride: u32,
  invalid: f32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> shape: SoftmaxShape;

const LOWEST = -3.4028234e38;
// Terms that are added up before they join the sum: rounding errors grow with the length of a chain of additions.
const RUN = 16u;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  // Past the last line: the last one again, which is not stored, so that all meet at the barriers.
  let own = (group.y * groups.x + group.x) * (64u / WIDTH) + lane / WIDTH;
  let line = min(own, shape.lines - 1u);
  let start = line / shape.inner * shape.length * shape.inner + line % shape.inner;
  let first = lane % WIDTH;

  var largest = LOWEST;
  // Above zero where some number of the line has an exponential and none spoils it.
  var alive = 0.0;
  for (var k = first; k < shape.length; k += WIDTH) {
    let value = x[address(start + k * shape.inner, shape.columns, shape.x_base, shape.x_stride)];
    largest = max(largest, value);
    alive += select(select(1.0, 0.0, is_negative_infinity(value)), -1e30, is_nan(value) || is_positive_infinity(value));
  }
  largest = share_max(largest, lane);
  alive = share_sum(alive, lane);

  var sum = 0.0;
  var k = first;
  while (k < shape.length) {
    var run = 0.0;
    for (var r = 0u; r < RUN && k < shape.length; r++) {
      run += exp(x[address(start + k * shape.inner, shape.columns, shape.x_base, shape.x_stride)] - largest);
      k += WIDTH;
    }
    sum += run;
  }
  sum = share_sum(sum, lane);

  if (own >= shape.lines) { return; }
  let logarithm = log(sum);
  for (var k = first; k < shape.length; k += WIDTH) {
    let i = start + k * shape.inner;
    let shifted = x[address(i, shape.columns, shape.x_base, shape.x_stride)] - largest;
    var value = exp(shifted) / sum;
    if (LOG) { value = shifted - logarithm; }
    if (!(alive > 0.0)) { value = shape.invalid; }
    y[address(i, shape.columns, shape.y_base, shape.y_stride)] = value;
  }
}
