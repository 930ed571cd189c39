// 2-D convolution, forward, as an implicit GEMM (the patches of the input are never written to memory).
//
//   y[n, oh, ow, co] = bias[co] + sum over kh, kw, ci of
//                      x[n, oh * stride_h + kh - pad_h, ow * stride_w + kw - pad_w, ci] * w[kh, kw, ci, co]
//
// with x taken as zero outside of its height and width. As a matrix product: M = batch * out_h * out_w rows
// (output pixels), N = out_c columns, K = kernel_h * kernel_w * in_c.
//
// A (binding 0): x, NHWC.
// B (binding 1): w, [kernel_h][kernel_w][in_c][out_c], so that four neighbouring output channels are one load.
// bias (binding 2): [out_c]; any buffer when has_bias is 0.
// y (binding 3): NHWC.
//
// One invocation owns eight output pixels (two groups of four) x 4 output channels, in registers: for each four
// input channels it loads 8 + 4 vectors and does 128 multiply-adds. No workgroup memory and no barrier: neighbours
// read the same addresses and meet in the cache, which suits CPU adapters too. Groups are vectors, not arrays:
// some compilers keep a private array in memory, which costs SwiftShader a factor of ten.
// One workgroup: 64 tiles, in a row that runs along the channels first.
// Dispatch: [x, y, 1] with x * y * 64 >= ceil(out_c / 4) * ceil(M / 8).

@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> output: array<output_element>;
@group(0) @binding(4) var<uniform> conv: ConvShape;

// sum + a * w, for four input channels a and their weights' rows w.
fn accumulate(sum: vec4f, a: vec4f, w: mat4x4f) -> vec4f {
  return fma(a.xxxx, w[0], fma(a.yyyy, w[1], fma(a.zzzz, w[2], fma(a.wwww, w[3], sum))));
}

fn store(pixel: u32, channel: u32, sum: vec4f) {
  if (pixel >= conv.batch * conv.out_h * conv.out_w) { return; }
  for (var j = 0u; j < min(4u, conv.out_c - channel); j++) {
    var value = sum[j];
    if (conv.has_bias == 1u) { value += bias[conv.bias_base + channel + j]; }
    output[conv.out_base + pixel * conv.out_stride + channel + j] = output_element(value);
  }
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let pixels = conv.batch * conv.out_h * conv.out_w;
  let tiles_n = (conv.out_c + 3u) / 4u;
  let tile = (group.y * groups.x + group.x) * 64u + lane;
  let channel = tile % tiles_n * 4u;
  let first = tile / tiles_n * 8u;
  if (first >= pixels) { return; }
  let patches_a = patches(first, pixels);
  let patches_b = patches(first + 4u, pixels);
  let columns = conv.out_c - channel;
  let last_channel = conv.in_c - 1u;

  var sum_a0 = vec4f(); var sum_a1 = vec4f(); var sum_a2 = vec4f(); var sum_a3 = vec4f();
  var sum_b0 = vec4f(); var sum_b1 = vec4f(); var sum_b2 = vec4f(); var sum_b3 = vec4f();
  for (var kh = 0u; kh < conv.kernel_h; kh++) {
    for (var kw = 0u; kw < conv.kernel_w; kw++) {
      let a = tap_at(patches_a, kh, kw);
      let b = tap_at(patches_b, kh, kw);
      if (!any(a.inside | b.inside)) { continue; }
      let weights = conv.weight_base + (kh * conv.kernel_w + kw) * conv.in_c * conv.out_c + channel;
      for (var ci = 0u; ci < conv.in_c; ci += 4u) {
        // Past the last input channel x is zero, so any weight will do: the last one is certain to exist.
        let w = mat4x4f(
          load_b(weights + ci * conv.out_c, columns),
          load_b(weights + min(ci + 1u, last_channel) * conv.out_c, columns),
          load_b(weights + min(ci + 2u, last_channel) * conv.out_c, columns),
          load_b(weights + min(ci + 3u, last_channel) * conv.out_c, columns),
        );
        sum_a0 = accumulate(sum_a0, input_at(a.address.x, a.inside.x, ci), w);
        sum_a1 = accumulate(sum_a1, input_at(a.address.y, a.inside.y, ci), w);
        sum_a2 = accumulate(sum_a2, input_at(a.address.z, a.inside.z, ci), w);
        sum_a3 = accumulate(sum_a3, input_at(a.address.w, a.inside.w, ci), w);
        sum_b0 = accumulate(sum_b0, input_at(b.address.x, b.inside.x, ci), w);
        sum_b1 = accumulate(sum_b1, input_at(b.address.y, b.inside.y, ci), w);
        sum_b2 = accumulate(sum_b2, input_at(b.address.z, b.inside.z, ci), w);
        sum_b3 = accumulate(sum_b3, input_at(b.address.w, b.inside.w, ci), w);
      }
    }
  }

  store(first, channel, sum_a0);
  store(first + 1u, channel, sum_a1);
  store(first + 2u, channel, sum_a2);
  store(first + 3u, channel, sum_a3);
  store(first + 4u, channel, sum_b0);
  store(first + 5u, channel, sum_b1);
  store(first + 6u, channel, sum_b2);
  store(first + 7u, channel, sum_b3);
}
