// Gradient of a 2-D convolution with respect to its input: the variant of conv2d_input_grad.wgsl for adapters on which a
// load costs much more than a multiply-add and the lanes of a subgroup can exchange registers cheaply (CPU adapters).
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
// One subgroup owns PIXELS pixels of one phase x 4 input channels a lane. Lane u loads the gradient of pixel u alone
// and hands it round by shuffle. See conv2d_forward_subgroup.wgsl.
// One workgroup: 64 lanes. Dispatch: [x, y, stride_h * stride_w] with x * y * 64 >= lanes_n * ceil(M / PIXELS), M for
// the largest phase, where lanes_n is ceil(in_c / 4) rounded up to whole subgroups.

@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> output: array<f32>;
@group(0) @binding(4) var<uniform> conv: ConvShape;

// Where pixel number `pixel` of a phase lies in dx.
fn position_of(phase: Phase, pixel: u32) -> vec3u {
  let line = pixel / phase.columns;
  let image = line / phase.rows;
  return vec3u(image, line - image * phase.rows, pixel - line * phase.columns);
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
  @builtin(subgroup_invocation_id) lane: u32,
  @builtin(subgroup_size) size: u32,
) {
  let phase_h = group.z / conv.stride_w;
  let phase_w = group.z % conv.stride_w;
  let phase = phase_at(phase_h, phase_w);
  let pixels = conv.batch * phase.rows * phase.columns;
  let lanes_n = ((conv.in_c + 3u) / 4u + size - 1u) / size * size;
  let tile = (group.y * groups.x + group.x) * 64u + local;
  let first = tile / lanes_n * PIXELS;
  if (first >= pixels) { return; }
  let channel = tile % lanes_n * 4u;
  // Past the last channel: the weights of the first ones again, and nothing is stored.
  let column = select(0u, channel, channel < conv.in_c);

  // Lane u looks after pixel u.
  let at = position_of(phase, min(first + lane % PIXELS, pixels - 1u));
  let bottom = i32(phase.bottom + at.y);
  let right = i32(phase.right + at.z);

  var sum: array<vec4f, PIXELS>;
  for (var kh = phase_h; kh < conv.kernel_h; kh += conv.stride_h) {
    for (var kw = phase_w; kw < conv.kernel_w; kw += conv.stride_w) {
      let oh = bottom - i32(kh / conv.stride_h);
      let ow = right - i32(kw / conv.stride_w);
      let inside = oh >= 0 && oh < i32(conv.out_h) && ow >= 0 && ow < i32(conv.out_w);
      if (!subgroupAny(inside)) { continue; }
      let address = conv.out_base + select(0u, ((at.x * conv.out_h + u32(oh)) * conv.out_w + u32(ow)) * conv.out_stride, inside);
      let weights = conv.weight_base + ((kh * conv.kernel_w + kw) * conv.in_c + column) * conv.out_c;
      for (var co = 0u; co < conv.out_c; co += 4u) {
        // Column j holds input channel j's weights, so that a row vector times it is four dot products.
        let w = mat4x4f(
          load_b(weights + co, 4u),
          load_b(weights + co + conv.out_c, 4u),
          load_b(weights + co + 2u * conv.out_c, 4u),
          load_b(weights + co + 3u * conv.out_c, 4u),
        );
        let mine = select(vec4f(), load_a(address + co, 4u), inside);
        for (var p = 0u; p < PIXELS; p++) {
          sum[p] += subgroupShuffle(mine, p) * w;
        }
      }
    }
  }

  if (channel >= conv.in_c) { return; }
  for (var p = 0u; p < PIXELS; p++) {
    if (first + p >= pixels) { return; }
    let to = position_of(phase, first + p);
    let ih = phase.start_h + to.y * conv.stride_h;
    let iw = phase.start_w + to.z * conv.stride_w;
    for (var j = 0u; j < 4u; j++) {
      var value = sum[p][j];
      if (conv.has_bias == 1u) { value += bias[conv.bias_base + channel + j]; }
      output[conv.in_base + ((to.x * conv.in_h + ih) * conv.in_w + iw) * conv.in_stride + channel + j] = value;
    }
  }
}
