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
// One subgroup owns ROWS = 4 * LANES input channels of one kernel tap x 4 output channels a lane. For each pixel lane u
// loads the u-th four input channels and hands them round by shuffle: two loads for ROWS * 4 multiply-adds. Four
// neighbouring pixels are added at once, because the running sums do not all fit into registers.
// LANES is at most the subgroup's size.
// One workgroup: 64 lanes, in a row that runs along the output channels first, then the input channels, then taps.
// Dispatch: [x, y, splits] with x * y * 64 >= lanes_n * ceil(in_c / ROWS) * taps, where lanes_n is ceil(out_c / 4) rounded
// up to whole subgroups.

@group(0) @binding(2) var<storage, read_write> output: array<vec4f>;
@group(0) @binding(3) var<uniform> conv: ConvShape;

const ROWS = 4u * LANES;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
  @builtin(subgroup_invocation_id) lane: u32,
  @builtin(subgroup_size) size: u32,
) {
  let lanes_n = ((conv.out_c + 3u) / 4u + size - 1u) / size * size;
  let tiles_m = (conv.in_c + ROWS - 1u) / ROWS;
  let tile = (group.y * groups.x + group.x) * 64u + local;
  let taps = conv.kernel_h * conv.kernel_w;
  if (tile >= lanes_n * tiles_m * taps) { return; }
  let co = tile % lanes_n * 4u;
  let ci = tile / lanes_n % tiles_m * ROWS;
  let tap = tile / (lanes_n * tiles_m);
  let kh = tap / conv.kernel_w;
  let kw = tap % conv.kernel_w;
  // Channels that do not exist: the first ones are read again and nothing is stored for them.
  let my_ci = ci + lane % LANES * 4u;
  let x_channel = conv.in_base + select(0u, my_ci, my_ci < conv.in_c);
  let dy_channel = conv.out_base + select(0u, co, co < conv.out_c);

  // Output columns whose input column lies inside of x: 0 <= ow * stride_w + kw - pad_w < in_w.
  let ow_start = select(0u, (conv.pad_w - kw + conv.stride_w - 1u) / conv.stride_w, conv.pad_w > kw);
  let reach = conv.in_w + conv.pad_w;
  let ow_end = min(conv.out_w, select(0u, (reach - kw - 1u) / conv.stride_w + 1u, reach > kw));

  var sum: array<vec4f, ROWS>;
  let first_row = group.z * conv.rows_per_split;
  let last_row = min(first_row + conv.rows_per_split, conv.batch * conv.out_h);
  for (var row = first_row; row < last_row; row++) {
    let ih = i32(row % conv.out_h * conv.stride_h + kh) - i32(conv.pad_h);
    if (ih < 0 || ih >= i32(conv.in_h)) { continue; }
    let line = (row / conv.out_h * conv.in_h + u32(ih)) * conv.in_w;
    for (var ow = ow_start; ow < ow_end; ow += 4u) {
      // Past the end of the row: the last pixel again, times zero.
      let ow_4 = min(ow + vec4u(0u, 1u, 2u, 3u), vec4u(ow_end - 1u));
      let x = x_channel + (line + ow_4 * conv.stride_w + kw - conv.pad_w) * conv.in_stride;
      let dy = dy_channel + (row * conv.out_w + ow_4) * conv.out_stride;
      let inside = ow + vec4u(0u, 1u, 2u, 3u) < vec4u(ow_end);
      let b0 = load_b(dy.x, 4u);
      let b1 = select(vec4f(), load_b(dy.y, 4u), inside.y);
      let b2 = select(vec4f(), load_b(dy.z, 4u), inside.z);
      let b3 = select(vec4f(), load_b(dy.w, 4u), inside.w);
      // Column r: input channel 4 * lane + r at the four pixels.
      let mine = transpose(mat4x4f(load_a(x.x, 4u), load_a(x.y, 4u), load_a(x.z, 4u), load_a(x.w, 4u)));
      for (var r = 0u; r < 4u; r++) {
        let column = mine[r];
        for (var u = 0u; u < LANES; u++) {
          let a = subgroupShuffle(column, u);
          sum[4u * u + r] = fma(a.xxxx, b0, fma(a.yyyy, b1, fma(a.zzzz, b2, fma(a.wwww, b3, sum[4u * u + r]))));
        }
      }
    }
  }

  if (co >= conv.out_c) { return; }
  for (var r = 0u; r < ROWS; r++) {
    let at = (conv.weight_base + ((group.z * taps + tap) * conv.in_c + ci + r) * conv.out_c + co) / 4u;
    if (ci + r < conv.in_c) { output[at] = sum[r]; }
  }
}
