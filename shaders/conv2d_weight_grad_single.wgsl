// Gradient with respect to the weights of a convolution to a single output channel, such as PatchGAN's last:
//
//   dw[kh, kw, ci] = sum over n, oh, ow of x[n, oh * stride_h + kh - pad_h, ow * stride_w + kw - pad_w, ci] * dy[n, oh, ow]
//
// with the sum cut into splits as in conv2d_weight_grad.wgsl, whose tile of eight output channels would hold one.
//
// A (binding 0): x, NHWC.
// dy (binding 1): NHWC.
// output (binding 2): [splits][kernel_h][kernel_w][in_c][1] from element weight_base on, or dw itself for one split.
//
// One invocation owns 4 input channels of one kernel tap. One workgroup: 64 such tiles, channels first, then taps.
// Dispatch: [x, y, splits] with x * y * 64 >= kernel_h * kernel_w * ceil(in_c / 4).

@group(0) @binding(1) var<storage, read> dy: array<dy_element>;
@group(0) @binding(2) var<storage, read_write> output: array<f32>;
@group(0) @binding(3) var<uniform> conv: ConvShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let vectors = (conv.in_c + 3u) / 4u;
  let taps = conv.kernel_h * conv.kernel_w;
  let tile = (group.y * groups.x + group.x) * 64u + lane;
  if (tile >= taps * vectors) { return; }
  let ci = tile % vectors * 4u;
  let tap = tile / vectors;
  let columns = columns_inside(tap % conv.kernel_w);

  var sum = vec4f();
  let first_row = group.z * conv.rows_per_split;
  let last_row = min(first_row + conv.rows_per_split, conv.batch * conv.out_h);
  for (var row = first_row; row < last_row; row++) {
    let ih = i32(row % conv.out_h * conv.stride_h + tap / conv.kernel_w) - i32(conv.pad_h);
    if (ih < 0 || ih >= i32(conv.in_h)) { continue; }
    var x = input_address(row / conv.out_h, u32(ih), tap % conv.kernel_w, columns.start) + ci;
    var y = conv.out_base + (row * conv.out_w + columns.start) * conv.out_stride;
    for (var ow = columns.start; ow < columns.end; ow++) {
      sum = fma(load_a(x, conv.in_c - ci), vec4f(f32(dy[y])), sum);
      x += conv.stride_w * conv.in_stride;
      y += conv.out_stride;
    }
  }

  for (var j = 0u; j < min(4u, conv.in_c - ci); j++) {
    output[conv.weight_base + (group.z * taps + tap) * conv.in_c + ci + j] = sum[j];
  }
}
