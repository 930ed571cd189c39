// Numbers as eight-bit images.
//
//   bytes[r, c] = clamp(floor((x[r, c] + 1) * 127.5 + 0.5), 0, 255)
//
// x (binding 0): NHWC rows. bytes (binding 1): NHWC, four to a word; the last word is filled up with zeros.
// One invocation owns one word: no two may write parts of the same. Dispatch: [x, y, 1] with x * y * 64 >= words.

struct FromFloatShape {
  count: u32,
  channels: u32,
  x_base: u32, x_stride: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> words: array<u32>;
@group(0) @binding(2) var<uniform> shape: FromFloatShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = ((group.y * groups.x + group.x) * 64u + lane) * 4u;
  if (first >= shape.count) { return; }
  var word = 0u;
  for (var j = 0u; j < min(4u, shape.count - first); j++) {
    let i = first + j;
    let value = x[shape.x_base + i / shape.channels * shape.x_stride + i % shape.channels];
    word |= u32(clamp(floor((value + 1.0) * 127.5 + 0.5), 0.0, 255.0)) << (j * 8u);
  }
  words[first / 4u] = word;
}
