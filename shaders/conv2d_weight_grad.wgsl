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
// One invocation owns 4 * ROW_VECTORS input channels x 4 * COLUMN_VECTORS output channels of one kernel tap: for
// each output pixel ROW_VECTORS + COLUMN_VECTORS loads and 16 times their product in multiply-adds. Columns of x
// that fall into the padding are left out before the loop over a row begins, so the loop itself tests nothing.
// One workgroup: 64 tiles, in a row that runs along the output channels first, then the input channels, then taps.
// Dispatch: [x, y, splits] with x * y * 64 >= tiles.

@group(0) @binding(2) var<storage, read_write> output: array<f32>;
@group(0) @binding(3) var<uniform> conv: ConvShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let tiles_n = (conv.out_c + 4u * COLUMN_VECTORS - 1u) / (4u * COLUMN_VECTORS);
  let tiles_m = (conv.in_c + 4u * ROW_VECTORS - 1u) / (4u * ROW_VECTORS);
  let tile = (group.y * groups.x + group.x) * 64u + lane;
  if (tile >= tiles_n * tiles_m * conv.kernel_h * conv.kernel_w) { return; }
  let co = tile % tiles_n * 4u * COLUMN_VECTORS;
  let ci = tile / tiles_n % tiles_m * 4u * ROW_VECTORS;
  let tap = tile / (tiles_n * tiles_m);
  let kh = tap / conv.kernel_w;
  let kw = tap % conv.kernel_w;

  // Output columns whose input column lies inside of x: 0 <= ow * stride_w + kw - pad_w < in_w.
  let ow_start = select(0u, (conv.pad_w - kw + conv.stride_w - 1u) / conv.stride_w, conv.pad_w > kw);
  let reach = conv.in_w + conv.pad_w;
  let ow_end = min(conv.out_w, select(0u, (reach - kw - 1u) / conv.stride_w + 1u, reach > kw));

  var sum: array<array<array<vec4f, 4>, COLUMN_VECTORS>, ROW_VECTORS>;
  let first_row = group.z * conv.rows_per_split;
  let last_row = min(first_row + conv.rows_per_split, conv.batch * conv.out_h);
  for (var row = first_row; row < last_row; row++) {
    let ih = i32(row % conv.out_h * conv.stride_h + kh) - i32(conv.pad_h);
    if (ih < 0 || ih >= i32(conv.in_h)) { continue; }
    let image = row / conv.out_h;
    var x = conv.in_base + ((image * conv.in_h + u32(ih)) * conv.in_w + ow_start * conv.stride_w + kw - conv.pad_w) * conv.in_stride + ci;
    var dy = conv.out_base + (row * conv.out_w + ow_start) * conv.out_stride + co;
    for (var ow = ow_start; ow < ow_end; ow++) {
      // A tile may reach past the last channel; such lanes read the first channel again and store nothing.
      var a: array<vec4f, ROW_VECTORS>;
      for (var i = 0u; i < ROW_VECTORS; i++) {
        let skip = select(0u, 4u * i, ci + 4u * i < conv.in_c);
        a[i] = load_a(x + skip, conv.in_c - ci - skip);
      }
      for (var j = 0u; j < COLUMN_VECTORS; j++) {
        let skip = select(0u, 4u * j, co + 4u * j < conv.out_c);
        let b = load_b(dy + skip, conv.out_c - co - skip);
        for (var i = 0u; i < ROW_VECTORS; i++) {
          sum[i][j][0] = fma(vec4f(a[i].x), b, sum[i][j][0]);
          sum[i][j][1] = fma(vec4f(a[i].y), b, sum[i][j][1]);
          sum[i][j][2] = fma(vec4f(a[i].z), b, sum[i][j][2]);
          sum[i][j][3] = fma(vec4f(a[i].w), b, sum[i][j][3]);
        }
      }
      x += conv.stride_w * conv.in_stride;
      dy += conv.out_stride;
    }
  }

  let weights = conv.kernel_h * conv.kernel_w * conv.in_c * conv.out_c;
  for (var i = 0u; i < ROW_VECTORS; i++) {
    for (var r = 0u; r < 4u; r++) {
      let input_channel = ci + 4u * i + r;
      if (input_channel >= conv.in_c) { return; }
      let at = conv.weight_base + group.z * weights + (tap * conv.in_c + input_channel) * conv.out_c;
      for (var j = 0u; j < COLUMN_VECTORS; j++) {
        for (var c = 0u; c < 4u; c++) {
          let output_channel = co + 4u * j + c;
          if (output_channel >= conv.out_c) { break; }
          if (ACCUMULATE) {
            output[at + output_channel] += sum[i][j][r][c];
          } else {
            output[at + output_channel] = sum[i][j][r][c];
          }
        }
      }
    }
  }
}
