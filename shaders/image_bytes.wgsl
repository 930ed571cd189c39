// Eight-bit images, four bytes to a word, the first byte lowest: the input of every image kernel that reads bytes.
@group(0) @binding(0) var<storage, read> pixels: array<u32>;

// Four neighbouring bytes from byte `start` on, which may lie anywhere in a word. Those past the buffer's end are
// some other bytes of it: the caller leaves them unused.
fn bytes_at(start: u32) -> vec4i {
  let shift = start % 4u * 8u;
  var word = pixels[start / 4u] >> shift;
  if (shift > 0u) { word |= pixels[start / 4u + 1u] << (32u - shift); }
  return vec4i((vec4u(word) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(255u));
}

fn byte_at(index: u32) -> i32 {
  return i32((pixels[index / 4u] >> (index % 4u * 8u)) & 255u);
}

// 0..255 as -1..1: byte / 127.5 - 1. Written so that both ends are exact and no division, whose rounding differs
// between adapters, is needed.
fn level(byte: i32) -> f32 {
  return f32(2 * byte - 255) * (1.0 / 255.0);
}
