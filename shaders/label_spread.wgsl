// A number a row, put where the row's label is: the adjoint of label_pick.wgsl, and with ones the one-hot code.
//
//   y[r, c] = x[r] * (on * (c = label[r]) + off)
//
// If HAS_IGNORED (prepended), a row whose label is `ignored` gets 0; one whose label is outside of [0, classes) gets NaN (`invalid`).
//
// x (binding 0): [rows] if HAS_X (prepended); else any buffer, and x is 1. label (binding 1): [rows] whole numbers.
// y (binding 2): [rows][classes], rows y_stride apart.
// Which elements an invocation owns and what the dispatch is: see shared/elements.wgsl.

struct LabelSpreadShape {
  count: u32, classes: u32,
  x_base: u32,
  label_base: u32,
  y_base: u32, y_stride: u32,
  ignored: i32,
  on: f32, off: f32,
  invalid: f32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> labels: array<i32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<uniform> shape: LabelSpreadShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let own = stretch(group, groups, lane, shape.count);
  for (var i = own.first; i < own.end; i += 64u) {
    let r = i / shape.classes;
    let c = i - r * shape.classes;
    let label = labels[shape.label_base + r];
    var value = shape.off;
    if (label == i32(c)) { value += shape.on; }
    if (HAS_X) { value *= x[shape.x_base + r]; }
    if (label < 0 || label >= i32(shape.classes)) { value = shape.invalid; }
    if (HAS_IGNORED && label == shape.ignored) { value = 0.0; }
    y[shape.y_base + r * shape.y_stride + c] = value;
  }
}
