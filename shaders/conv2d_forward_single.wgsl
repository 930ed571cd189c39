// 2-D convolution to a single output channel, such as PatchGAN's map of logits:
//
//   y[n, oh, ow] = bias + sum over kh, kw, ci of x[n, oh * stride_h + kh - pad_h, ow * stride_w + kw - pad_w, ci] * w[kh, kw, ci]
//
// conv2d_forward.wgsl would compute four channels and throw three away. With a single one the weights of neighbouring
// input channels are neighbours, so that four of them are one load and their products a dot product.
//
// A (binding 0): x, NHWC.
// B (binding 1): w, [kernel_h][kernel_w][in_c][1].
// bias (binding 2): [1]; any buffer when has_bias is 0.
// y (binding 3): NHWC.
//
// One invocation owns four output pixels. One workgroup: 64 such groups.
// Dispatch: [x, y, 1] with x * y * 64 >= ceil(M / 4) for M = batch * out_h * out_w pixels.

@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> output: array<output_element>;
@group(0) @binding(4) var<uniform> conv: ConvShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let pixels = conv.batch * conv.out_h * conv.out_w;
  let first = ((group.y * groups.x + group.x) * 64u + lane) * 4u;
  if (first >= pixels) { return; }
  let at = patches(first, pixels);

  var sum = vec4f();
  for (var kh = 0u; kh < conv.kernel_h; kh++) {
    for (var kw = 0u; kw < conv.kernel_w; kw++) {
      let tap = tap_at(at, kh, kw);
      if (!any(tap.inside)) { continue; }
      let weights = conv.weight_base + (kh * conv.kernel_w + kw) * conv.in_c;
      for (var ci = 0u; ci < conv.in_c; ci += 4u) {
        let w = load_b(weights + ci, conv.in_c - ci);
        sum += vec4f(
          dot(input_at(tap.address.x, tap.inside.x, ci), w),
          dot(input_at(tap.address.y, tap.inside.y, ci), w),
          dot(input_at(tap.address.z, tap.inside.z, ci), w),
          dot(input_at(tap.address.w, tap.inside.w, ci), w),
        );
      }
    }
  }

  if (conv.has_bias == 1u) { sum += bias[conv.bias_base]; }
  for (var p = 0u; p < min(4u, pixels - first); p++) {
    output[conv.out_base + (first + p) * conv.out_stride] = output_element(sum[p]);
  }
}
