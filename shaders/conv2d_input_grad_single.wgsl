// Gradient with respect to the input of a convolution to a single output channel, such as PatchGAN's last:
//
//   dx[n, ih, iw, ci] = bias[ci] + sum over kh, kw of dy[n, oh, ow] * w[kh, kw, ci]   with oh * stride_h + kh - pad_h = ih
//                                                                                     and  ow * stride_w + kw - pad_w = iw
//
// phase by phase, as in conv2d_input_grad.wgsl, which would load four output channels where there is one. Here the
// weights of four neighbouring input channels are one load, and a number of dy meets all four.
//
// dy (binding 0): NHWC.
// B (binding 1): w, [kernel_h][kernel_w][in_c][1].
// bias (binding 2): [in_c], used by transposed convolutions; any buffer when has_bias is 0.
// dx (binding 3): NHWC.
//
// One invocation owns eight pixels of one phase (two groups of four) x 4 input channels, in registers.
// One workgroup: 64 tiles of one phase, in a row that runs along the channels first.
// Dispatch: [x, y, stride_h * stride_w] with x * y * 64 >= ceil(in_c / 4) * ceil(M / 8), M for the largest phase.

@group(0) @binding(0) var<storage, read> dy: array<dy_element>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> output: array<output_element>;
@group(0) @binding(4) var<uniform> conv: ConvShape;

fn gradients_at(tap: Tap) -> vec4f {
  let a = tap.address;
  return select(vec4f(), vec4f(f32(dy[a.x]), f32(dy[a.y]), f32(dy[a.z]), f32(dy[a.w])), tap.inside);
}

fn store(position: u32, channel: u32, sum: vec4f) {
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

  // Row p is pixel p, column c input channel c.
  var sum_a = mat4x4f();
  var sum_b = mat4x4f();
  for (var kh = phase_h; kh < conv.kernel_h; kh += conv.stride_h) {
    for (var kw = phase_w; kw < conv.kernel_w; kw += conv.stride_w) {
      let a = gradients_at(tap_at(pixels_a, kh / conv.stride_h, kw / conv.stride_w));
      let b = gradients_at(tap_at(pixels_b, kh / conv.stride_h, kw / conv.stride_w));
      let w = load_b(conv.weight_base + (kh * conv.kernel_w + kw) * conv.in_c + channel, conv.in_c - channel);
      sum_a += mat4x4f(a.x * w, a.y * w, a.z * w, a.w * w);
      sum_b += mat4x4f(b.x * w, b.y * w, b.z * w, b.w * w);
    }
  }

  // A loop, because eight calls in a row would take the compiler as long as all the rest.
  var sums = array<vec4f, 8>(sum_a[0], sum_a[1], sum_a[2], sum_a[3], sum_b[0], sum_b[1], sum_b[2], sum_b[3]);
  let a = pixels_a.position;
  let b = pixels_b.position;
  var positions = array<u32, 8>(a.x, a.y, a.z, a.w, b.x, b.y, b.z, b.w);
  let count = min(8u, pixels - first);
  for (var p = 0u; p < count; p++) { store(positions[p], channel, sums[p]); }
}
