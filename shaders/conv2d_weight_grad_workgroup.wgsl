// Gradient of a 2-D convolution with respect to its weights: the variant of conv2d_weight_grad.wgsl for GPUs, by tiles
// in workgroup memory.
//
//   dw[kh, kw, ci, co] = sum over n, oh, ow of
//                        x[n, oh * stride_h + kh - pad_h, ow * stride_w + kw - pad_w, ci] * dy[n, oh, ow, co]
//
// As a matrix product: M = kernel_h * kernel_w * 4 * ceil(in_c / 4) rows (whole quads of a tap's input channels, so that
// taps share a tile where channels are few), N = out_c columns, K = batch * out_h * out_w output pixels. K is cut into
// `splits` ranges of output rows whose partial sums conv2d_weight_grad_reduce.wgsl adds in a fixed order. With one
// split the sum is final.
//
// A (binding 0): x, NHWC.
// B (binding 1): dy, NHWC.
// output (binding 2): [splits][kernel_h][kernel_w][in_c][out_c] from element weight_base on, or dw itself for one split.
//
// One workgroup owns BM x BN weights of one split, see shared/workgroup_gemm.wgsl; workgroups in a row that runs along
// the output channels first. Both operands' four neighbouring channels are one load, so nothing has to be transposed.
// Dispatch: [x, y, splits] with x * y >= ceil(out_c / BN) * ceil(M / BM).

@group(0) @binding(2) var<storage, read_write> output: array<f32>;
@group(0) @binding(3) var<uniform> conv: ConvShape;

// A quad of the rows of the product: four input channels from `ci` on, of one tap.
struct Row {
  kh: u32, kw: u32,
  ci: u32,
  exists: bool,
}

fn row_at(quad: u32) -> Row {
  let quads = (conv.in_c + 3u) / 4u;
  let tap = quad / quads;
  return Row(tap / conv.kernel_w, tap % conv.kernel_w, (quad - tap * quads) * 4u, tap < conv.kernel_h * conv.kernel_w);
}

// The input under a tap for output pixels first to first + 3, of which those before `end` count.
fn a_block(first: u32, end: u32, row: Row) -> mat4x4f {
  if (!row.exists || first >= end) { return mat4x4f(); }
  let pixel = first + vec4u(0u, 1u, 2u, 3u);
  let line = pixel / conv.out_w;
  let image = line / conv.out_h;
  let ih = vec4i((line - image * conv.out_h) * conv.stride_h + row.kh) - i32(conv.pad_h);
  let iw = vec4i((pixel - line * conv.out_w) * conv.stride_w + row.kw) - i32(conv.pad_w);
  let inside = (pixel < vec4u(end)) & (ih >= vec4i()) & (ih < vec4i(i32(conv.in_h))) & (iw >= vec4i()) & (iw < vec4i(i32(conv.in_w)));
  let at = conv.in_base + row.ci + select(vec4u(), ((image * conv.in_h + vec4u(ih)) * conv.in_w + vec4u(iw)) * conv.in_stride, inside);
  let available = conv.in_c - row.ci;
  return mat4x4f(
    select(vec4f(), load_a(at.x, available), inside.x),
    select(vec4f(), load_a(at.y, available), inside.y),
    select(vec4f(), load_a(at.z, available), inside.z),
    select(vec4f(), load_a(at.w, available), inside.w),
  );
}

// Four output channels of dy at the same pixels.
fn b_block(first: u32, end: u32, channel: u32) -> mat4x4f {
  if (first >= end || channel >= conv.out_c) { return mat4x4f(); }
  // Past the last pixel x is zero, so any gradient will do: the last one is certain to exist.
  let at = conv.out_base + min(first + vec4u(0u, 1u, 2u, 3u), vec4u(end - 1u)) * conv.out_stride + channel;
  let available = conv.out_c - channel;
  return mat4x4f(load_b(at.x, available), load_b(at.y, available), load_b(at.z, available), load_b(at.w, available));
}

// Four output channels' gradients of one input channel's weights.
fn store(split: u32, row: Row, c: u32, channel: u32, sum: vec4f) {
  if (!row.exists || row.ci + c >= conv.in_c || channel >= conv.out_c) { return; }
  let tap = (split * conv.kernel_h + row.kh) * conv.kernel_w + row.kw;
  let at = conv.weight_base + (tap * conv.in_c + row.ci + c) * conv.out_c + channel;
  for (var j = 0u; j < min(4u, conv.out_c - channel); j++) {
    output[at + j] = sum[j];
  }
}

fn store_block(split: u32, row: Row, channel: u32, sum: mat4x4f) {
  store(split, row, 0u, channel, sum[0]);
  store(split, row, 1u, channel, sum[1]);
  store(split, row, 2u, channel, sum[2]);
  store(split, row, 3u, channel, sum[3]);
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let quads_m = conv.kernel_h * conv.kernel_w * ((conv.in_c + 3u) / 4u);
  let tiles_n = (conv.out_c + BN - 1u) / BN;
  let tile = group.y * groups.x + group.x;
  let first_quad = tile / tiles_n * (BM / 4u);
  if (first_quad >= quads_m) { return; }
  let channel = tile % tiles_n * BN;
  let start = group.z * conv.rows_per_split * conv.out_w;
  let end = min((group.z + 1u) * conv.rows_per_split, conv.batch * conv.out_h) * conv.out_w;

  // Neighbouring lanes load neighbouring memory, which are channels for both operands.
  let a_quad = lane / (BM / 4u);
  let a_rows = lane % (BM / 4u);
  let b_lane = LANES - 1u - lane;
  let b_quad = b_lane / (BN / 4u);
  let b_columns = b_lane % (BN / 4u);
  let a_row = row_at(first_quad + a_rows);

  var sums = Sums();
  var a = mat4x4f();
  var b = mat4x4f();
  if (lane < A_BLOCKS) { a = a_block(start + a_quad * 4u, end, a_row); }
  if (b_lane < B_BLOCKS) { b = b_block(start + b_quad * 4u, end, channel + b_columns * 4u); }
  for (var pixel = start; pixel < end; pixel += BK) {
    workgroupBarrier();
    if (lane < A_BLOCKS) { put_a(a_quad, a_rows, a); }
    if (b_lane < B_BLOCKS) { put_b(b_quad, b_columns, b); }
    workgroupBarrier();
    if (lane < A_BLOCKS) { a = a_block(pixel + BK + a_quad * 4u, end, a_row); }
    if (b_lane < B_BLOCKS) { b = b_block(pixel + BK + b_quad * 4u, end, channel + b_columns * 4u); }
    sums = add_tiles(lane, sums);
  }

  let row_0 = row_at(first_quad + row_quad(lane));
  let row_1 = row_at(first_quad + row_quad(lane) + BM / 8u);
  let my_channel = channel + column_quad(lane) * 4u;
  store_block(group.z, row_0, my_channel, sums.m00);
  if (TN == 8u) { store_block(group.z, row_0, my_channel + BN / 2u, sums.m01); }
  if (TM == 8u) { store_block(group.z, row_1, my_channel, sums.m10); }
  if (TM == 8u && TN == 8u) { store_block(group.z, row_1, my_channel + BN / 2u, sums.m11); }
}
