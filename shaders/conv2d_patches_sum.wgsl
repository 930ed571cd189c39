// The adjoint of conv2d_patches.wgsl: adds up what the patches hold for each pixel. col2im.
//
//   dx[n, ih, iw, ci] = bias[ci] + sum over kh, kw of patches[(n, oh, ow), (kh, kw, ci)]
//
// over the taps with oh * stride_h + kh - pad_h = ih and ow * stride_w + kw - pad_w = iw for an output pixel (oh, ow).
//
// patches (binding 0): [batch * out_h * out_w][pitch].
// bias (binding 1): [in_c]; any buffer when has_bias is 0.
// dx (binding 2): NHWC, in_stride elements from one pixel to the next.
//
// One invocation owns one pixel. One workgroup: 64 of them. Dispatch: [x, y, 1] with x * y * 64 >= batch * in_h * in_w.

@group(0) @binding(0) var<storage, read> patches: array<f32>;
@group(0) @binding(1) var<storage, read> bias: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<dx_element>;
@group(0) @binding(3) var<uniform> conv: PatchesShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let pixel = (group.y * groups.x + group.x) * 64u + lane;
  if (pixel >= conv.batch * conv.in_h * conv.in_w) { return; }
  let line = pixel / conv.in_w;
  let image = line / conv.in_h;
  let y = line - image * conv.in_h + conv.pad_h;
  let x = pixel - line * conv.in_w + conv.pad_w;
  // The taps that meet this pixel are every stride-th one; their output pixels go back by one each.
  let first_h = y % conv.stride_h;
  let first_w = x % conv.stride_w;
  let oh = i32(y / conv.stride_h);
  let ow = i32(x / conv.stride_w);
  for (var ci = 0u; ci < conv.in_c; ci++) {
    var sum = 0.0;
    if (conv.has_bias == 1u) { sum = bias[conv.bias_base + ci]; }
    var i = oh;
    for (var kh = first_h; kh < conv.kernel_h; kh += conv.stride_h) {
      var j = ow;
      for (var kw = first_w; kw < conv.kernel_w; kw += conv.stride_w) {
        let inside = u32(i) < conv.out_h && u32(j) < conv.out_w;
        let patch_row = (image * conv.out_h + select(0u, u32(i), inside)) * conv.out_w + select(0u, u32(j), inside);
        let value = patches[patch_row * conv.pitch + (kh * conv.kernel_w + kw) * conv.in_c + ci];
        sum += select(0.0, value, inside);
        j--;
      }
      i--;
    }
    dx[conv.in_base + pixel * conv.in_stride + ci] = dx_element(sum);
  }
}
