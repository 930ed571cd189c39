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
// dx (binding 3): NHWC (of a transposed convolution: its output), in vectors of four channels.
//
// One subgroup owns PIXELS = LOADS * LANES pixels of one phase x 4 input channels a lane. Lane u loads the gradients of
// pixels u, u + LANES, ... and hands them round by shuffle. See conv2d_forward_subgroup.wgsl.
// One workgroup: 64 lanes. Dispatch: [x, y, stride_h * stride_w] with x * y * 64 >= lanes_n * ceil(M / PIXELS), M for
// the largest phase, where lanes_n is ceil(in_c / 4) rounded up to whole subgroups.

@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> output: array<output_element>;
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

  // The pixels that this lane looks after; past the last one the last one again, whose result is not stored.
  var image: array<u32, LOADS>;
  var bottom: array<i32, LOADS>;
  var right: array<i32, LOADS>;
  for (var r = 0u; r < LOADS; r++) {
    let at = position_of(phase, min(first + r * LANES + lane % LANES, pixels - 1u));
    image[r] = at.x;
    bottom[r] = i32(phase.bottom + at.y);
    right[r] = i32(phase.right + at.z);
  }

  var sum: array<vec4f, PIXELS>;
  for (var kh = phase_h; kh < conv.kernel_h; kh += conv.stride_h) {
    for (var kw = phase_w; kw < conv.kernel_w; kw += conv.stride_w) {
      var address: array<u32, LOADS>;
      var inside: array<bool, LOADS>;
      var any_inside = false;
      for (var r = 0u; r < LOADS; r++) {
        let oh = bottom[r] - i32(kh / conv.stride_h);
        let ow = right[r] - i32(kw / conv.stride_w);
        inside[r] = oh >= 0 && oh < i32(conv.out_h) && ow >= 0 && ow < i32(conv.out_w);
        address[r] = conv.out_base + select(0u, ((image[r] * conv.out_h + u32(oh)) * conv.out_w + u32(ow)) * conv.out_stride, inside[r]);
        any_inside = any_inside || inside[r];
      }
      if (!subgroupAny(any_inside)) { continue; }
      let weights = conv.weight_base + ((kh * conv.kernel_w + kw) * conv.in_c + column) * conv.out_c;
      for (var co = 0u; co < conv.out_c; co += 4u) {
        // Row j holds input channel j's weights; the sum wants them by output channel.
        let w = transpose(mat4x4f(
          load_b(weights + co, 4u),
          load_b(weights + co + conv.out_c, 4u),
          load_b(weights + co + 2u * conv.out_c, 4u),
          load_b(weights + co + 3u * conv.out_c, 4u),
        ));
        for (var r = 0u; r < LOADS; r++) {
          let mine = select(vec4f(), load_a(address[r] + co, 4u), inside[r]);
          for (var u = 0u; u < LANES; u++) {
            let a = subgroupShuffle(mine, u);
            let p = r * LANES + u;
            sum[p] = fma(a.xxxx, w[0], fma(a.yyyy, w[1], fma(a.zzzz, w[2], fma(a.wwww, w[3], sum[p]))));
          }
        }
      }
    }
  }

  if (channel >= conv.in_c) { return; }
  var offset = vec4f();
  if (conv.has_bias == 1u) {
    let b = conv.bias_base + channel;
    offset = vec4f(bias[b], bias[b + 1u], bias[b + 2u], bias[b + 3u]);
  }
  // Counted on from pixel to pixel: a division costs as much as many multiply-adds.
  var at = position_of(phase, first);
  for (var p = 0u; p < PIXELS; p++) {
    let ih = phase.start_h + at.y * conv.stride_h;
    let iw = phase.start_w + at.z * conv.stride_w;
    let to = (conv.in_base + ((at.x * conv.in_h + ih) * conv.in_w + iw) * conv.in_stride + channel) / 4u;
    if (first + p < pixels) { output[to] = output_element(sum[p] + offset); }
    let row_ends = at.z + 1u == phase.columns;
    let image_ends = row_ends && at.y + 1u == phase.rows;
    at = vec3u(at.x + u32(image_ends), select(at.y + u32(row_ends), 0u, image_ends), select(at.z + 1u, 0u, row_ends));
  }
}
