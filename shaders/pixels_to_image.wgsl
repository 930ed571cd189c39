// A window of a picture of RGBA pixels, as canvases and textures have them, as an image of bytes.
//
//   there = (left + x, top + y), with x counted from the right where it is mirrored
//   colour = premultiplied: pixel + (255 - alpha) background / 255     else: (alpha pixel + (255 - alpha) background) / 255, rounded
//   out[y, x, c] = colour[c]                        of three channels
//   out[y, x] = (19595 r + 38470 g + 7471 b) / 2^16, rounded (luminance, ITU-R BT.601), of one
//
// with the background where the window reaches beyond the picture.
//
// pixels (binding 0): [source height][pitch] words, red in the lowest byte. out (binding 1): [height][width][CHANNELS] bytes, four to a
// word; the last word is filled up with zeros.
// One invocation owns one word of the output: no two may write parts of the same. Dispatch: [x, y, 1] with x * y * 64 >= words.

struct WindowShape {
  width: u32, height: u32,
  left: i32, top: i32,
  source_width: u32, source_height: u32,
  pitch: u32,
  background: u32,
  mirrored: u32,
  premultiplied: u32,
}

@group(0) @binding(0) var<storage, read> pixels: array<u32>;
@group(0) @binding(1) var<storage, read_write> words: array<u32>;
@group(0) @binding(2) var<uniform> shape: WindowShape;

fn parts(word: u32) -> vec4u {
  return (vec4u(word) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(255u);
}

fn colour_at(pixel: u32) -> vec3u {
  let background = parts(shape.background).xyz;
  var x = pixel % shape.width;
  if (shape.mirrored != 0u) { x = shape.width - 1u - x; }
  let column = shape.left + i32(x);
  let row = shape.top + i32(pixel / shape.width);
  if (column < 0 || row < 0 || column >= i32(shape.source_width) || row >= i32(shape.source_height)) { return background; }
  let found = parts(pixels[u32(row) * shape.pitch + u32(column)]);
  let behind = (255u - found.w) * background;
  if (shape.premultiplied != 0u) { return min(found.xyz + (behind + 127u) / 255u, vec3u(255u)); }
  return (found.w * found.xyz + behind + 127u) / 255u;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let count = shape.width * shape.height * CHANNELS;
  let first = ((group.y * groups.x + group.x) * 64u + lane) * 4u;
  if (first >= count) { return; }
  var word = 0u;
  for (var k = 0u; k < min(4u, count - first); k++) {
    let colour = colour_at((first + k) / CHANNELS);
    var byte = colour[(first + k) % CHANNELS];
    if (CHANNELS == 1u) { byte = (19595u * colour.x + 38470u * colour.y + 7471u * colour.z + 32768u) >> 16u; }
    word |= byte << (k * 8u);
  }
  words[first / 4u] = word;
}
