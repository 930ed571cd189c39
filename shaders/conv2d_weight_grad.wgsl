// Gradient of a 2-D convolution with respect to its weights.
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
// One invocation owns 8 input channels x 8 output channels of one kernel tap, as four 4x4 matrices: for each output
// pixel four loads and 64 multiply-adds. Columns of x that fall into the padding are left out before the loop over
// a row begins, so the loop itself tests nothing.
// One workgroup: 64 tiles, in a row that runs along the output channels first, then the input channels, then taps.
// Dispatch: [x, y, splits] with x * y * 64 >= tiles.

@group(0) @binding(2) var<storage, read_write> output: array<f32>;
@group(0) @binding(3) var<uniform> conv: ConvShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let tiles_n = (conv.out_c + 7u) / 8u;
  let tiles_m = (conv.in_c + 7u) / 8u;
  let tile = (group.y * groups.x + group.x) * 64u + lane;
  if (tile >= tiles_n * tiles_m * conv.kernel_h * conv.kernel_w) { return; }
  let co = tile % tiles_n * 8u;
  let ci = tile / tiles_n % tiles_m * 8u;
  let tap = tile / (tiles_n * tiles_m);
  let kh = tap / conv.kernel_w;
  let kw = tap % conv.kernel_w;
  // The second four channels may not exist; then the first four are read again and nothing is stored for them.
  let second_ci = select(0u, 4u, ci + 4u < conv.in_c);
  let second_co = select(0u, 4u, co + 4u < conv.out_c);

  let columns = columns_inside(kw);

  var sum_00 = mat4x4f(); var sum_01 = mat4x4f();
  var sum_10 = mat4x4f(); var sum_11 = mat4x4f();
  let first_row = group.z * conv.rows_per_split;
  let last_row = min(first_row + conv.rows_per_split, conv.batch * conv.out_h);
  for (var row = first_row; row < last_row; row++) {
    let ih = i32(row % conv.out_h * conv.stride_h + kh) - i32(conv.pad_h);
    if (ih < 0 || ih >= i32(conv.in_h)) { continue; }
    var x = input_address(row / conv.out_h, u32(ih), kw, columns.start) + ci;
    var dy = conv.out_base + (row * conv.out_w + columns.start) * conv.out_stride + co;
    for (var ow = columns.start; ow < columns.end; ow++) {
      let a0 = load_a(x, conv.in_c - ci);
      let a1 = load_a(x + second_ci, conv.in_c - ci - second_ci);
      let b0 = load_b(dy, conv.out_c - co);
      let b1 = load_b(dy + second_co, conv.out_c - co - second_co);
      sum_00 = accumulate(sum_00, a0, b0);
      sum_01 = accumulate(sum_01, a0, b1);
      sum_10 = accumulate(sum_10, a1, b0);
      sum_11 = accumulate(sum_11, a1, b1);
      x += conv.stride_w * conv.in_stride;
      dy += conv.out_stride;
    }
  }

  store(tap, group.z, ci, co, sum_00);
  store(tap, group.z, ci, co + 4u, sum_01);
  store(tap, group.z, ci + 4u, co, sum_10);
  store(tap, group.z, ci + 4u, co + 4u, sum_11);
}
