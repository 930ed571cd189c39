// 2-D convolution, forward: the variant of conv2d_forward.wgsl for GPUs, by tiles in workgroup memory.
//
//   y[n, oh, ow, co] = bias[co] + sum over kh, kw, ci of
//                      x[n, oh * stride_h + kh - pad_h, ow * stride_w + kw - pad_w, ci] * w[kh, kw, ci, co]
//
// with x taken as zero outside of its height and width. As a matrix product: M = batch * out_h * out_w rows
// (output pixels), N = out_c columns, and K is counted in quads of four input channels of a tap, so that 3 channels
// fill three quarters of a step and not a fifth.
//
// A (binding 0): x, NHWC.
// B (binding 1): w, [kernel_h][kernel_w][in_c][out_c].
// bias (binding 2): [out_c]; any buffer when has_bias is 0.
// y (binding 3): NHWC.
//
// One workgroup owns BM output pixels x BN output channels, see shared/workgroup_gemm.wgsl; workgroups in a row that
// runs along the channels first.
// Dispatch: [x, y, 1] with x * y >= ceil(out_c / BN) * ceil(M / BM).

@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> output: array<output_element>;
@group(0) @binding(4) var<uniform> conv: ConvShape;

// Four input channels under one tap, of the four pixels whose patches begin at image, top and left.
fn a_block(quad: u32, image: vec4u, top: vec4i, left: vec4i) -> mat4x4f {
  let quads = (conv.in_c + 3u) / 4u;
  let tap = quad / quads;
  if (tap >= conv.kernel_h * conv.kernel_w) { return mat4x4f(); }
  let ci = (quad - tap * quads) * 4u;
  let kh = tap / conv.kernel_w;
  let ih = top + i32(kh);
  let iw = left + i32(tap - kh * conv.kernel_w);
  let inside = (ih >= vec4i()) & (ih < vec4i(i32(conv.in_h))) & (iw >= vec4i()) & (iw < vec4i(i32(conv.in_w)));
  let pixel = (image * conv.in_h + vec4u(ih)) * conv.in_w + vec4u(iw);
  let at = conv.in_base + ci + select(vec4u(), pixel * conv.in_stride, inside);
  let available = conv.in_c - ci;
  return transpose(mat4x4f(
    select(vec4f(), load_a(at.x, available), inside.x),
    select(vec4f(), load_a(at.y, available), inside.y),
    select(vec4f(), load_a(at.z, available), inside.z),
    select(vec4f(), load_a(at.w, available), inside.w),
  ));
}

// Four input channels' weights for four output channels.
fn b_block(quad: u32, channel: u32) -> mat4x4f {
  let quads = (conv.in_c + 3u) / 4u;
  let tap = quad / quads;
  if (tap >= conv.kernel_h * conv.kernel_w || channel >= conv.out_c) { return mat4x4f(); }
  let ci = (quad - tap * quads) * 4u;
  let weights = conv.weight_base + tap * conv.in_c * conv.out_c + channel;
  let available = conv.out_c - channel;
  // Past the last input channel x is zero, so any weight will do: the last one is certain to exist.
  let row = min(ci + vec4u(0u, 1u, 2u, 3u), vec4u(conv.in_c - 1u)) * conv.out_c + weights;
  return mat4x4f(load_b(row.x, available), load_b(row.y, available), load_b(row.z, available), load_b(row.w, available));
}

fn store(pixel: u32, channel: u32, sum: vec4f) {
  if (pixel >= conv.batch * conv.out_h * conv.out_w || channel >= conv.out_c) { return; }
  for (var j = 0u; j < min(4u, conv.out_c - channel); j++) {
    var value = sum[j];
    if (conv.has_bias == 1u) { value += bias[conv.bias_base + channel + j]; }
    output[conv.out_base + pixel * conv.out_stride + channel + j] = output_element(value);
  }
}

fn store_block(pixel: u32, channel: u32, sum: mat4x4f) {
  store(pixel, channel, sum[0]);
  store(pixel + 1u, channel, sum[1]);
  store(pixel + 2u, channel, sum[2]);
  store(pixel + 3u, channel, sum[3]);
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let pixels = conv.batch * conv.out_h * conv.out_w;
  let tiles_n = (conv.out_c + BN - 1u) / BN;
  let tile = group.y * groups.x + group.x;
  let first = tile / tiles_n * BM;
  if (first >= pixels) { return; }
  let channel = tile % tiles_n * BN;
  let quads = (conv.in_c + 3u) / 4u * conv.kernel_h * conv.kernel_w;

  // Neighbouring lanes load neighbouring memory: channels of A, columns of B.
  let a_quad = lane % QUADS;
  let a_rows = lane / QUADS;
  let b_lane = LANES - 1u - lane;
  let b_quad = b_lane / (BN / 4u);
  let b_columns = b_lane % (BN / 4u);
  // Past the last pixel: the last one again, whose result is not stored.
  let pixel = min(first + a_rows * 4u + vec4u(0u, 1u, 2u, 3u), vec4u(pixels - 1u));
  let row = pixel / conv.out_w;
  let image = row / conv.out_h;
  let top = vec4i((row - image * conv.out_h) * conv.stride_h) - i32(conv.pad_h);
  let left = vec4i((pixel - row * conv.out_w) * conv.stride_w) - i32(conv.pad_w);

  var sums = Sums();
  var a = mat4x4f();
  var b = mat4x4f();
  if (lane < A_BLOCKS) { a = a_block(a_quad, image, top, left); }
  if (b_lane < B_BLOCKS) { b = b_block(b_quad, channel + b_columns * 4u); }
  for (var step = 0u; step < quads; step += QUADS) {
    workgroupBarrier();
    if (lane < A_BLOCKS) { put_a(a_quad, a_rows, a); }
    if (b_lane < B_BLOCKS) { put_b(b_quad, b_columns, b); }
    workgroupBarrier();
    if (lane < A_BLOCKS) { a = a_block(step + QUADS + a_quad, image, top, left); }
    if (b_lane < B_BLOCKS) { b = b_block(step + QUADS + b_quad, channel + b_columns * 4u); }
    sums = add_tiles(lane, sums);
  }

  let my_pixel = first + row_quad(lane) * 4u;
  let my_channel = channel + column_quad(lane) * 4u;
  store_block(my_pixel, my_channel, sums.m00);
  if (TN == 8u) { store_block(my_pixel, my_channel + BN / 2u, sums.m01); }
  if (TM == 8u) { store_block(my_pixel + BM / 2u, my_channel, sums.m10); }
  if (TM == 8u && TN == 8u) { store_block(my_pixel + BM / 2u, my_channel + BN / 2u, sums.m11); }
}
