// Sums the rows of a tensor, in ranges of rows whose sums the same kernel then adds up: first every range of
// rows_per_split rows becomes one row, then those rows become the result. The order of the terms is fixed.
//
//   y[s, c] = (y[s, c] if ACCUMULATE) + sum over r in [s * rows_per_split, (s + 1) * rows_per_split) of x[r, c]
//
// x (binding 0): `rows` rows of `columns` elements, `x_stride` apart, from x_base on.
// y (binding 1): `splits` rows of `columns` elements without gaps, from y_base on.
// `element` (prepended) is vec4f when x and y allow, else f32; sizes, bases and strides are in units of it.
//
// One invocation owns one element of y. One workgroup: 64 of them, along the columns first, so that neighbours
// read neighbouring addresses. Dispatch: [x, y, 1] with x * y * 64 >= splits * columns.

struct SumRowsShape {
  rows: u32, columns: u32,
  x_base: u32, x_stride: u32,
  y_base: u32,
  splits: u32, rows_per_split: u32,
}

@group(0) @binding(0) var<storage, read> x: array<x_element>;
@group(0) @binding(1) var<storage, read_write> y: array<element>;
@group(0) @binding(2) var<uniform> shape: SumRowsShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * groups.x + group.x) * 64u + lane;
  if (i >= shape.splits * shape.columns) { return; }
  let first = i / shape.columns * shape.rows_per_split;
  let last = min(first + shape.rows_per_split, shape.rows);
  var sum = element();
  for (var row = first; row < last; row++) {
    sum += element(x[shape.x_base + row * shape.x_stride + i % shape.columns]);
  }
  if (ACCUMULATE) {
    y[shape.y_base + i] += sum;
  } else {
    y[shape.y_base + i] = sum;
  }
}
