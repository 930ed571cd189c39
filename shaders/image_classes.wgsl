// The classes of a label map's pixels as channels of a network: of the nearest colour of a palette, 1 for the class of a pixel and -1 for
// all others. The map is resized to the nearest pixel, so that no colour comes out that did not go in.
//
//   there = (floor((2 x + 1) source_width / (2 width)), likewise y)
//   nearest(p) = argmin over k of |p - colours[k]|^2, the first of equals
//   out[y, x, c] = nearest(bytes[there]) == c ? 1 : -1, with -1 in all channels for a colour that is ignored
//
// bytes (binding 0): one RGB image, [source_height][source_width][3]. colours (binding 1): a word each, red in the lowest byte, those of
// `classes` classes first, then those that are ignored. out (binding 2): NHWC rows, a batch of one, of at least `classes` channels.
// One invocation owns one pixel of the output. Dispatch: [x, y, 1] with x * y * 64 >= width * height.

struct ClassShape {
  width: u32, height: u32,
  source_width: u32, source_height: u32,
  bytes_base: u32,
  classes: u32, colours: u32,
  channels: u32, out_base: u32, out_stride: u32,
}

@group(0) @binding(1) var<storage, read> colours: array<u32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<uniform> shape: ClassShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let pixel = (group.y * groups.x + group.x) * 64u + lane;
  if (pixel >= shape.width * shape.height) { return; }
  let x = (2u * (pixel % shape.width) + 1u) * shape.source_width / (2u * shape.width);
  let y = (2u * (pixel / shape.width) + 1u) * shape.source_height / (2u * shape.height);
  let at = shape.bytes_base + (y * shape.source_width + x) * 3u;
  let colour = vec3i(byte_at(at), byte_at(at + 1u), byte_at(at + 2u));
  var nearest = 0u;
  // Larger than any distance between two colours.
  var least = 1i << 24u;
  for (var k = 0u; k < shape.colours; k++) {
    let apart = colour - (vec3i(vec3u(colours[k]) >> vec3u(0u, 8u, 16u)) & vec3i(255));
    let distance = apart.x * apart.x + apart.y * apart.y + apart.z * apart.z;
    if (distance < least) {
      least = distance;
      nearest = k;
    }
  }
  let row = shape.out_base + pixel * shape.out_stride;
  for (var c = 0u; c < shape.channels; c++) { out[row + c] = select(-1.0, 1.0, c == nearest && c < shape.classes); }
}
