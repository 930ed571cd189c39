// Gradient of a 2-D convolution with respect to its input; the same kernel is the transposed convolution.
//
//   dx[n, ih, iw, ci] = bias[ci] + sum over kh, kw, co of
//                       dy[n, oh, ow, co] * w[kh, kw, ci, co]   with oh * stride_h + kh - pad_h = ih
//                                                               and  ow * stride_w + kw - pad_w = iw
//
// Only every stride-th kernel row and column meets a given pixel. All pixels of one phase,
// ((ih + pad_h) mod stride_h, (iw + pad_w) mod stride_w), meet the same ones, so each phase is a dense convolution
// with a kernel stride_h * stride_w times smaller: nothing is multiplied by inserted zeros. As a matrix product
// per phase: M = the phase's pixels, N = in_c columns, K = the phase's taps * out_c.
//
// A (binding 0): dy, NHWC (of a transposed convolution: its input).
// B (binding 1): w, [kernel_h][kernel_w][in_c][out_c]: four neighbouring terms of the sum are one load.
// bias (binding 2): [in_c], used by transposed convolutions; any buffer when has_bias is 0.
// dx (binding 3): NHWC (of a transposed convolution: its output).
//
// One invocation owns eight pixels of one phase (two groups of four) x 4 input channels, in registers.
// One workgroup: 64 tiles of one phase, in a row that runs along the channels first.
// Dispatch: [x, y, stride_h * stride_w] with x * y * 64 >= ceil(in_c / 4) * ceil(M / 8), M for the largest phase.

@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> output: array<output_element>;
@group(0) @binding(4) var<uniform> conv: ConvShape;

// Four output channels of one pixel of dy; zeros outside.
fn gradient_at(address: u32, inside: bool, co: u32) -> vec4f {
  return select(vec4f(), load_a(address + co, conv.out_c - co), inside);
}

fn store(pixel: u32, count: u32, position: u32, channel: u32, sum: vec4f) {
  if (pixel >= count) { return; }
  for (var j = 0u; j < min(4u, conv.in_c - channel); j++) {
    var value = sum[j];
    if (conv.has_bias == 1u) { value += bias[conv.bias_base + channel + j]; }
    output[conv.in_base + position * conv.in_stride + channel + j] = output_element(value);
  }
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let phase_h = group.z / conv.stride_w;
  let phase_w = group.z % conv.stride_w;
  let phase = phase_at(phase_h, phase_w);
  let pixels = conv.batch * phase.rows * phase.columns;
  let tiles_n = (conv.in_c + 3u) / 4u;
  let tile = (group.y * groups.x + group.x) * 64u + lane;
  let channel = tile % tiles_n * 4u;
  let first = tile / tiles_n * 8u;
  if (first >= pixels) { return; }
  let pixels_a = pixels_at(phase, first, pixels);
  let pixels_b = pixels_at(phase, first + 4u, pixels);
  let last_channel = conv.in_c - 1u;

  var sum_a0 = vec4f(); var sum_a1 = vec4f(); var sum_a2 = vec4f(); var sum_a3 = vec4f();
  var sum_b0 = vec4f(); var sum_b1 = vec4f(); var sum_b2 = vec4f(); var sum_b3 = vec4f();
  for (var kh = phase_h; kh < conv.kernel_h; kh += conv.stride_h) {
    for (var kw = phase_w; kw < conv.kernel_w; kw += conv.stride_w) {
      let a = tap_at(pixels_a, kh / conv.stride_h, kw / conv.stride_w);
      let b = tap_at(pixels_b, kh / conv.stride_h, kw / conv.stride_w);
      if (!any(a.inside | b.inside)) { continue; }
      // The weights of four neighbouring input channels; past the last, the last one again (not stored).
      let weights = conv.weight_base + (kh * conv.kernel_w + kw) * conv.in_c * conv.out_c;
      let w0 = weights + channel * conv.out_c;
      let w1 = weights + min(channel + 1u, last_channel) * conv.out_c;
      let w2 = weights + min(channel + 2u, last_channel) * conv.out_c;
      let w3 = weights + min(channel + 3u, last_channel) * conv.out_c;
      for (var co = 0u; co < conv.out_c; co += 4u) {
        let available = conv.out_c - co;
        // Column j holds input channel j's weights, so that a row vector times it is four dot products.
        let w = mat4x4f(load_b(w0 + co, available), load_b(w1 + co, available), load_b(w2 + co, available), load_b(w3 + co, available));
        sum_a0 += gradient_at(a.address.x, a.inside.x, co) * w;
        sum_a1 += gradient_at(a.address.y, a.inside.y, co) * w;
        sum_a2 += gradient_at(a.address.z, a.inside.z, co) * w;
        sum_a3 += gradient_at(a.address.w, a.inside.w, co) * w;
        sum_b0 += gradient_at(b.address.x, b.inside.x, co) * w;
        sum_b1 += gradient_at(b.address.y, b.inside.y, co) * w;
        sum_b2 += gradient_at(b.address.z, b.inside.z, co) * w;
        sum_b3 += gradient_at(b.address.w, b.inside.w, co) * w;
      }
    }
  }

  store(first, pixels, pixels_a.position.x, channel, sum_a0);
  store(first + 1u, pixels, pixels_a.position.y, channel, sum_a1);
  store(first + 2u, pixels, pixels_a.position.z, channel, sum_a2);
  store(first + 3u, pixels, pixels_a.position.w, channel, sum_a3);
  store(first + 4u, pixels, pixels_b.position.x, channel, sum_b0);
  store(first + 5u, pixels, pixels_b.position.y, channel, sum_b1);
  store(first + 6u, pixels, pixels_b.position.z, channel, sum_b2);
  store(first + 7u, pixels, pixels_b.position.w, channel, sum_b3);
}
