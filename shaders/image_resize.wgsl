// Bicubic resize of eight-bit images along one axis, with Pillow's arithmetic (libImaging/Resample.c): each result
// is rounded to a byte, so that a row pass and then a column pass give Pillow's bytes.
//
//   out[o, p, j] = clamp(round(sum over t < taps of weight[p, t] * in[o, first[p] + t, j]), 0, 255)
//
// with the axes before the resized one as o, the position along it as p and the axes after it as j.
//
// in (binding 0): [outer][in_size][inner] bytes, four to a word.
// table (binding 1): [out_size][1 + taps] = first position, then weights (see src/kernels/bicubic-table.ts).
// out (binding 2): [outer][out_size][inner] bytes, four to a word; the last word is filled up with zeros.
//
// One invocation owns one word of the output: no two may write parts of the same.
// Dispatch: [x, y, 1] with x * y * 64 >= words.

struct ResizeShape {
  count: u32,
  in_base: u32,
  in_size: u32,
  out_size: u32,
  inner: u32,
  taps: u32,
}

@group(0) @binding(1) var<storage, read> table: array<i32>;
@group(0) @binding(2) var<storage, read_write> words: array<u32>;
@group(0) @binding(3) var<uniform> shape: ResizeShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first_byte = ((group.y * groups.x + group.x) * 64u + lane) * 4u;
  if (first_byte >= shape.count) { return; }
  var sum = vec4i(HALF);
  for (var k = 0u; k < min(4u, shape.count - first_byte); k++) {
    let byte = first_byte + k;
    let j = byte % shape.inner;
    let position = byte / shape.inner % shape.out_size;
    let outer = byte / (shape.inner * shape.out_size);
    let row = position * (1u + shape.taps);
    let first = u32(table[row]);
    let line = shape.in_base + outer * shape.in_size * shape.inner + j;
    // Near the end of the axis the last taps have weight 0, so it does not matter which byte they find there.
    for (var t = 0u; t < shape.taps; t++) {
      sum[k] += table[row + 1u + t] * byte_at(line + (first + t) * shape.inner);
    }
  }
  let bytes = vec4u(rounded(sum)) << vec4u(0u, 8u, 16u, 24u);
  words[first_byte / 4u] = bytes.x | bytes.y | bytes.z | bytes.w;
}
