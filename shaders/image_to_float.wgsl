// Eight-bit images as numbers.
//
//   y[r, c] = bytes[r, c] / 127.5 - 1
//
// bytes (binding 0): NHWC, four to a word. y (binding 1): NHWC rows.
// One invocation owns one number. Dispatch: [x, y, 1] with x * y * 64 >= count.

struct ToFloatShape {
  count: u32,
  channels: u32,
  bytes_base: u32,
  y_base: u32, y_stride: u32,
}

@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> shape: ToFloatShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * groups.x + group.x) * 64u + lane;
  if (i >= shape.count) { return; }
  y[shape.y_base + i / shape.channels * shape.y_stride + i % shape.channels] = level(byte_at(shape.bytes_base + i));
}
