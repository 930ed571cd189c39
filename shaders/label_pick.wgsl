// What each row has at its label, and a share of everything: the inner product of a row and its smoothed label.
//
//   y[r] = on * x[r, label[r]] + off * sum over c < classes of x[r, c]
//
// If HAS_IGNORED (prepended), a row whose label is `ignored` gives 0. A label outside of [0, classes) gives NaN
// (`invalid`): the device cannot throw, and a loss must not hide it.
//
// x (binding 0): [rows][classes], rows x_stride apart. label (binding 1): [rows] whole numbers. y (binding 2): [rows].
// One invocation owns one row. Dispatch: [x, y, 1] with x * y * 64 >= rows.

struct LabelPickShape {
  rows: u32, classes: u32,
  x_base: u32, x_stride: u32,
  label_base: u32,
  y_base: u32,
  ignored: i32,
  on: f32, off: f32,
  invalid: f32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> labels: array<i32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<uniform> shape: LabelPickShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let r = (group.y * groups.x + group.x) * 64u + lane;
  if (r >= shape.rows) { return; }
  let label = labels[shape.label_base + r];
  let start = shape.x_base + r * shape.x_stride;
  var value = 0.0;
  if (!HAS_IGNORED || label != shape.ignored) {
    if (label < 0 || label >= i32(shape.classes)) {
      value = shape.invalid;
    } else {
      value = shape.on * x[start + u32(label)];
      // Without smoothing what the other classes have must not matter, not even an infinity.
      if (shape.off != 0.0) {
        var sum = 0.0;
        for (var c = 0u; c < shape.classes; c++) { sum += x[start + c]; }
        value += shape.off * sum;
      }
    }
  }
  y[shape.y_base + r] = value;
}
