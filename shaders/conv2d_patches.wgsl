// The patches of a convolution's input as the rows of a matrix, for layers of few input channels: im2col.
//
//   patches[(n, oh, ow), (kh, kw, ci)] = x[n, oh * stride_h + kh - pad_h, ow * stride_w + kw - pad_w, ci]
//
// with x taken as zero outside of its height and width. With it forward and weight gradient are plain products of matrices, whose inner
// loops run over all taps; kernels that take one tap at a time have vectors of three or six channels, most of whose lanes are empty.
//
// x (binding 0): NHWC, in_stride elements from one pixel to the next.
// patches (binding 1): [batch * out_h * out_w][pitch]. Column kernel_h * kernel_w * in_c holds ONE, and those after it zeros.
// ONE (prepended): 1 where the product is to add a bias, as one more row of the weight; else 0.
//
// One invocation owns one row of taps (kh) of one patch; the last of a patch also the columns that are left.
// One workgroup: 64 of them. Dispatch: [x, y, 1] with x * y * 64 >= batch * out_h * out_w * kernel_h.

@group(0) @binding(0) var<storage, read> x: array<x_element>;
@group(0) @binding(1) var<storage, read_write> patches: array<f32>;
@group(0) @binding(2) var<uniform> conv: PatchesShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = (group.y * groups.x + group.x) * 64u + lane;
  let patch_row = index / conv.kernel_h;
  if (patch_row >= conv.batch * conv.out_h * conv.out_w) { return; }
  let kh = index - patch_row * conv.kernel_h;
  let line = patch_row / conv.out_w;
  let image = line / conv.out_h;
  let ih = i32((line - image * conv.out_h) * conv.stride_h + kh) - i32(conv.pad_h);
  let left = i32((patch_row - line * conv.out_w) * conv.stride_w) - i32(conv.pad_w);
  let row = (i32(image * conv.in_h) + ih) * i32(conv.in_w) + left;
  var at = patch_row * conv.pitch + kh * conv.kernel_w * conv.in_c;
  for (var kw = 0u; kw < conv.kernel_w; kw++) {
    // Before the first row or column is far past the last one.
    let inside = u32(ih) < conv.in_h && u32(left + i32(kw)) < conv.in_w;
    let pixel = conv.in_base + select(0u, u32(row + i32(kw)) * conv.in_stride, inside);
    for (var ci = 0u; ci < conv.in_c; ci++) {
      patches[at] = select(0.0, f32(x[pixel + ci]), inside);
      at++;
    }
  }
  if (kh + 1u < conv.kernel_h) { return; }
  let end = (patch_row + 1u) * conv.pitch;
  if (at < end) { patches[at] = f32(ONE); }
  for (at++; at < end; at++) { patches[at] = 0.0; }
}
