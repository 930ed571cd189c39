// The adjoint of pad.wgsl: every pixel gathers the gradients of all its copies, in a fixed order.
//
//   dx[n, i, j, c] = sum over the rows r and columns q of dy with source(r - top) = i and source(q - left) = j of dy[n, r, q, c]
//
// Along one axis these are up to three ranges of indices: the pixel itself, its copies before the image and those after it.
//
// dy (binding 0), dx (binding 1): NHWC, in units of `element` (prepended), the y and x of shared/pad_shape.wgsl.
// Which elements an invocation owns and what the dispatch is: see shared/elements.wgsl, for the elements of dx.

@group(0) @binding(0) var<storage, read> dy: array<dy_element>;
@group(0) @binding(1) var<storage, read_write> dx: array<dx_element>;
@group(0) @binding(2) var<uniform> shape: PadShape;

struct Range { first: i32, end: i32 }

// The copies of index i of an axis: 0 itself, 1 before the image, 2 after it.
fn copies(which: u32, i: i32, length: i32, before: i32, after: i32) -> Range {
  if (which == 0u) { return Range(before + i, before + i + 1); }
  if (MODE == REFLECT) {
    // Before lies the mirror image -i, after 2 (length - 1) - i; an edge pixel is not repeated.
    if (which == 1u && i >= 1 && i <= before) { return Range(before - i, before - i + 1); }
    let beyond = 2 * (length - 1) - i;
    if (which == 2u && i <= length - 2 && beyond < length + after) { return Range(before + beyond, before + beyond + 1); }
  }
  if (MODE == REPLICATE) {
    if (which == 1u && i == 0) { return Range(0, before); }
    if (which == 2u && i == length - 1) { return Range(before + length, before + length + after); }
  }
  return Range(0, 0);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let padded = i32(shape.left + shape.width + shape.right);
  let padded_height = i32(shape.top + shape.height + shape.bottom);
  let own = stretch(group, groups, lane, shape.batch * shape.height * shape.width * shape.channels);
  for (var k = own.first; k < own.end; k += 64u) {
    let pixel = k / shape.channels;
    let c = k - pixel * shape.channels;
    let row = pixel / shape.width;
    let n = row / shape.height;
    var sum = element();
    for (var a = 0u; a < 3u; a++) {
      let rows = copies(a, i32(row - n * shape.height), i32(shape.height), i32(shape.top), i32(shape.bottom));
      for (var r = rows.first; r < rows.end; r++) {
        let start = (i32(n) * padded_height + r) * padded;
        for (var b = 0u; b < 3u; b++) {
          let columns = copies(b, i32(pixel - row * shape.width), i32(shape.width), i32(shape.left), i32(shape.right));
          for (var q = columns.first; q < columns.end; q++) {
            sum += element(dy[shape.y_base + u32(start + q) * shape.y_stride + c]);
          }
        }
      }
    }
    dx[shape.x_base + pixel * shape.x_stride + c] = dx_element(sum);
  }
}
