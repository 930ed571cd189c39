// Gradient of a 2-D convolution with respect to its weights: the variant of conv2d_weight_grad.wgsl for adapters on
// which a load costs much more than a multiply-add and the lanes of a subgroup can exchange registers cheaply.
//
//   dw[kh, kw, ci, co] = sum over n, oh, ow of
//                        x[n, oh * stride_h + kh - pad_h, ow * stride_w + kw - pad_w, ci] * dy[n, oh, ow, co]
//
// As a matrix product: M = kernel_h * kernel_w * in_c rows, N = out_c columns, K = batch * out_h * out_w. Near the
// image K is huge and M x N small, near the bottleneck the reverse, so K is cut into `splits` ranges of output
// rows whose partial sums conv2d_weight_grad_reduce.wgsl adds in a fixed order. With one split the sum is final.
//
// A (binding 0): x, NHWC.
// B (binding 1): dy, NHWC.
// output (binding 2): [splits][kernel_h][kernel_w][in_c][out_c] from element weight_base on, or dw itself for one split.
//
// One invocation owns 8 input channels x 8 output channels of one kernel tap. The lanes of a subgroup share tap and input
// channels: lane u loads those of the u-th of PIXELS neighbouring pixels and hands them round by shuffle, so that a
// pixel costs each lane 2 + 2 / PIXELS loads for 64 multiply-adds. PIXELS is at most the subgroup's size.
// One workgroup: 64 lanes, in a row that runs along the output channels first, then the input channels, then taps.
// Dispatch: [x, y, splits] with x * y * 64 >= lanes_n * ceil(in_c / 8) * taps, where lanes_n is ceil(out_c / 8) rounded
// up to whole subgroups.

@group(0) @binding(2) var<storage, read_write> output: array<f32>;
@group(0) @binding(3) var<uniform> conv: ConvShape;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
  @builtin(subgroup_invocation_id) lane: u32,
  @builtin(subgroup_size) size: u32,
) {
  let lanes_n = ((conv.out_c + 7u) / 8u + size - 1u) / size * size;
  let tiles_m = (conv.in_c + 7u) / 8u;
  let tile = (group.y * groups.x + group.x) * 64u + local;
  if (tile >= lanes_n * tiles_m * conv.kernel_h * conv.kernel_w) { return; }
  let co = tile % lanes_n * 8u;
  let ci = tile / lanes_n % tiles_m * 8u;
  let tap = tile / (lanes_n * tiles_m);
  let kh = tap / conv.kernel_w;
  let kw = tap % conv.kernel_w;
  // Channels that do not exist: the first ones are read again and nothing is stored for them.
  let second_ci = select(0u, 4u, ci + 4u < conv.in_c);
  let first_co = select(0u, co, co < conv.out_c);
  let second_co = select(0u, 4u, first_co + 4u < conv.out_c);

  // Output columns whose input column lies inside of x: 0 <= ow * stride_w + kw - pad_w < in_w.
  let ow_start = select(0u, (conv.pad_w - kw + conv.stride_w - 1u) / conv.stride_w, conv.pad_w > kw);
  let reach = conv.in_w + conv.pad_w;
  let ow_end = min(conv.out_w, select(0u, (reach - kw - 1u) / conv.stride_w + 1u, reach > kw));

  var sum_00 = mat4x4f(); var sum_01 = mat4x4f();
  var sum_10 = mat4x4f(); var sum_11 = mat4x4f();
  let first_row = group.z * conv.rows_per_split;
  let last_row = min(first_row + conv.rows_per_split, conv.batch * conv.out_h);
  for (var row = first_row; row < last_row; row++) {
    let ih = i32(row % conv.out_h * conv.stride_h + kh) - i32(conv.pad_h);
    if (ih < 0 || ih >= i32(conv.in_h)) { continue; }
    let image = row / conv.out_h;
    let line = (image * conv.in_h + u32(ih)) * conv.in_w;
    for (var ow = ow_start; ow < ow_end; ow += PIXELS) {
      // Past the end of the row: zeros, which the last pixel's gradient cannot change.
      let my_ow = ow + lane % PIXELS;
      let pixel = line + min(my_ow, ow_end - 1u) * conv.stride_w + kw - conv.pad_w;
      let x = conv.in_base + pixel * conv.in_stride + ci;
      let mine_0 = select(vec4f(), load_a(x, 4u), my_ow < ow_end);
      let mine_1 = select(vec4f(), load_a(x + second_ci, 4u), my_ow < ow_end);
      for (var p = 0u; p < PIXELS; p++) {
        let a0 = subgroupShuffle(mine_0, p);
        let a1 = subgroupShuffle(mine_1, p);
        let dy = conv.out_base + (row * conv.out_w + min(ow + p, ow_end - 1u)) * conv.out_stride + first_co;
        let b0 = load_b(dy, 4u);
        let b1 = load_b(dy + second_co, 4u);
        sum_00 = accumulate(sum_00, a0, b0);
        sum_01 = accumulate(sum_01, a0, b1);
        sum_10 = accumulate(sum_10, a1, b0);
        sum_11 = accumulate(sum_11, a1, b1);
      }
    }
  }

  store(tap, group.z, ci, co, sum_00);
  store(tap, group.z, ci, co + 4u, sum_01);
  store(tap, group.z, ci + 4u, co, sum_10);
  store(tap, group.z, ci + 4u, co + 4u, sum_11);
}
