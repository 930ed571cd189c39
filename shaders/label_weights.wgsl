// The share of each row in a mean over the rows that are not ignored.
//
//   y[r] = 1 / (count of rows whose label is not `ignored`) where it is not, 0 where it is
//
// Where all are ignored there is no mean: then every share is NaN (`invalid`), as PyTorch has it.
//
// label (binding 0): [rows] whole numbers. y (binding 1): [rows].
// One workgroup of 64 invocations does it all: each counts every 64th row, then halves of the workgroup are added to
// each other six times. Dispatch: [1, 1, 1].

struct LabelWeightsShape {
  rows: u32,
  label_base: u32,
  y_base: u32,
  ignored: i32,
  invalid: f32,
}

@group(0) @binding(0) var<storage, read> labels: array<i32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> shape: LabelWeightsShape;

var<workgroup> counts: array<u32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32) {
  var count = 0u;
  for (var r = lane; r < shape.rows; r += 64u) {
    count += select(0u, 1u, labels[shape.label_base + r] != shape.ignored);
  }
  counts[lane] = count;
  for (var width = 32u; width > 0u; width /= 2u) {
    workgroupBarrier();
    if (lane < width) { counts[lane] += counts[lane + width]; }
  }
  workgroupBarrier();
  var share = shape.invalid;
  if (counts[0] > 0u) { share = 1.0 / f32(counts[0]); }
  for (var r = lane; r < shape.rows; r += 64u) {
    let ignored = labels[shape.label_base + r] == shape.ignored && counts[0] > 0u;
    y[shape.y_base + r] = select(share, 0.0, ignored);
  }
}
