// Gradient of a 2-D convolution with respect to its input, and the transposed convolution: the variant of
// conv2d_input_grad.wgsl for GPUs, by tiles in workgroup memory.
//
//   dx[n, ih, iw, ci] = bias[ci] + sum over kh, kw, co of
//                       dy[n, oh, ow, co] * w[kh, kw, ci, co]   with oh * stride_h + kh - pad_h = ih
//                                                               and  ow * stride_w + kw - pad_w = iw
//
// All pixels of one phase, ((ih + pad_h) mod stride_h, (iw + pad_w) mod stride_w), meet the same taps, so each phase is
// a dense convolution. As a matrix product per phase: M = the phase's pixels, N = in_c columns, and K is counted in
// quads of four output channels of one of the phase's taps.
//
// A (binding 0): dy, NHWC (of a transposed convolution: its input).
// B (binding 1): w, [kernel_h][kernel_w][in_c][out_c]: four neighbouring terms of the sum are one load.
// bias (binding 2): [in_c], used by transposed convolutions; any buffer when has_bias is 0.
// dx (binding 3): NHWC (of a transposed convolution: its output).
//
// One workgroup owns BM pixels of one phase x BN input channels, see shared/workgroup_gemm.wgsl; workgroups in a row
// that runs along the channels first.
// Dispatch: [x, y, stride_h * stride_w] with x * y >= ceil(in_c / BN) * ceil(M / BM), M for the largest phase.

@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> output: array<output_element>;
@group(0) @binding(4) var<uniform> conv: ConvShape;

// The kernel rows or columns that one phase meets.
fn taps_of(phase: u32, kernel: u32, stride: u32) -> u32 {
  return select(0u, (kernel - phase + stride - 1u) / stride, phase < kernel);
}

// Four output channels under one of the phase's taps, of the four pixels that `bottom` and `right` of dy reach first.
fn a_block(quad: u32, taps: vec2u, image: vec4u, bottom: vec4i, right: vec4i) -> mat4x4f {
  let quads = (conv.out_c + 3u) / 4u;
  let tap = quad / quads;
  if (tap >= taps.x * taps.y) { return mat4x4f(); }
  let co = (quad - tap * quads) * 4u;
  let up = tap / taps.y;
  let oh = bottom - i32(up);
  let ow = right - i32(tap - up * taps.y);
  let inside = (oh >= vec4i()) & (oh < vec4i(i32(conv.out_h))) & (ow >= vec4i()) & (ow < vec4i(i32(conv.out_w)));
  let pixel = (image * conv.out_h + vec4u(oh)) * conv.out_w + vec4u(ow);
  let at = conv.out_base + co + select(vec4u(), pixel * conv.out_stride, inside);
  let available = conv.out_c - co;
  return transpose(mat4x4f(
    select(vec4f(), load_a(at.x, available), inside.x),
    select(vec4f(), load_a(at.y, available), inside.y),
    select(vec4f(), load_a(at.z, available), inside.z),
    select(vec4f(), load_a(at.w, available), inside.w),
  ));
}

// Four output channels' weights for four input channels.
fn b_block(quad: u32, taps: vec2u, phase: vec2u, channel: u32) -> mat4x4f {
  let quads = (conv.out_c + 3u) / 4u;
  let tap = quad / quads;
  if (tap >= taps.x * taps.y || channel >= conv.in_c) { return mat4x4f(); }
  let co = (quad - tap * quads) * 4u;
  let up = tap / taps.y;
  let kh = phase.x + up * conv.stride_h;
  let kw = phase.y + (tap - up * taps.y) * conv.stride_w;
  // Past the last input channel: the last one again, whose result is not stored.
  let row = min(channel + vec4u(0u, 1u, 2u, 3u), vec4u(conv.in_c - 1u));
  let at = conv.weight_base + ((kh * conv.kernel_w + kw) * conv.in_c + row) * conv.out_c + co;
  let available = conv.out_c - co;
  return transpose(mat4x4f(load_b(at.x, available), load_b(at.y, available), load_b(at.z, available), load_b(at.w, available)));
}

fn store(phase: Phase, pixel: u32, channel: u32, sum: vec4f) {
  if (pixel >= conv.batch * phase.rows * phase.columns || channel >= conv.in_c) { return; }
  let line = pixel / phase.columns;
  let image = line / phase.rows;
  let ih = phase.start_h + (line - image * phase.rows) * conv.stride_h;
  let iw = phase.start_w + (pixel - line * phase.columns) * conv.stride_w;
  let at = conv.in_base + ((image * conv.in_h + ih) * conv.in_w + iw) * conv.in_stride + channel;
  for (var j = 0u; j < min(4u, conv.in_c - channel); j++) {
    var value = sum[j];
    if (conv.has_bias == 1u) { value += bias[conv.bias_base + channel + j]; }
    output[at + j] = output_element(value);
  }
}

fn store_block(phase: Phase, pixel: u32, channel: u32, sum: mat4x4f) {
  store(phase, pixel, channel, sum[0]);
  store(phase, pixel + 1u, channel, sum[1]);
  store(phase, pixel + 2u, channel, sum[2]);
  store(phase, pixel + 3u, channel, sum[3]);
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let offsets = vec2u(group.z / conv.stride_w, group.z % conv.stride_w);
  let taps = vec2u(taps_of(offsets.x, conv.kernel_h, conv.stride_h), taps_of(offsets.y, conv.kernel_w, conv.stride_w));
  let phase = phase_at(offsets.x, offsets.y);
  let pixels = conv.batch * phase.rows * phase.columns;
  let tiles_n = (conv.in_c + BN - 1u) / BN;
  let tile = group.y * groups.x + group.x;
  let first = tile / tiles_n * BM;
  if (first >= pixels) { return; }
  let channel = tile % tiles_n * BN;
  let quads = (conv.out_c + 3u) / 4u * taps.x * taps.y;

  // Neighbouring lanes load neighbouring memory, which are output channels for both operands.
  let a_quad = lane % QUADS;
  let a_rows = lane / QUADS;
  let b_lane = LANES - 1u - lane;
  let b_quad = b_lane % QUADS;
  let b_columns = b_lane / QUADS;
  // Past the last pixel: the last one again, whose result is not stored.
  let pixel = min(first + a_rows * 4u + vec4u(0u, 1u, 2u, 3u), vec4u(pixels - 1u));
  let line = pixel / phase.columns;
  let image = line / phase.rows;
  let bottom = vec4i(phase.bottom + line - image * phase.rows);
  let right = vec4i(phase.right + pixel - line * phase.columns);

  var sums = Sums();
  var a = mat4x4f();
  var b = mat4x4f();
  if (lane < A_BLOCKS) { a = a_block(a_quad, taps, image, bottom, right); }
  if (b_lane < B_BLOCKS) { b = b_block(b_quad, taps, offsets, channel + b_columns * 4u); }
  for (var step = 0u; step < quads; step += QUADS) {
    workgroupBarrier();
    if (lane < A_BLOCKS) { put_a(a_quad, a_rows, a); }
    if (b_lane < B_BLOCKS) { put_b(b_quad, b_columns, b); }
    workgroupBarrier();
    if (lane < A_BLOCKS) { a = a_block(step + QUADS + a_quad, taps, image, bottom, right); }
    if (b_lane < B_BLOCKS) { b = b_block(step + QUADS + b_quad, taps, offsets, channel + b_columns * 4u); }
    sums = add_tiles(lane, sums);
  }

  let my_pixel = first + row_quad(lane) * 4u;
  let my_channel = channel + column_quad(lane) * 4u;
  store_block(phase, my_pixel, my_channel, sums.m00);
  if (TN == 8u) { store_block(phase, my_pixel, my_channel + BN / 2u, sums.m01); }
  if (TM == 8u) { store_block(phase, my_pixel + BM / 2u, my_channel, sums.m10); }
  if (TM == 8u && TN == 8u) { store_block(phase, my_pixel + BM / 2u, my_channel + BN / 2u, sums.m11); }
}
