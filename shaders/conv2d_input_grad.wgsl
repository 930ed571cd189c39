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
// One invocation owns PIXELS pixels of one phase x 4 input channels, in registers.
// One workgroup: 64 tiles of one phase, in a row that runs along the channels first.
// Dispatch: [x, y, stride_h * stride_w] with x * y * 64 >= ceil(in_c / 4) * ceil(M / PIXELS), M for the largest phase.

@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> output: array<f32>;
@group(0) @binding(4) var<uniform> conv: ConvShape;

// The first coordinate of a phase, and how many there are below `length`.
fn phase_start(phase: u32, stride: u32, pad: u32) -> u32 {
  return (phase + stride - pad % stride) % stride;
}

fn phase_count(start: u32, stride: u32, length: u32) -> u32 {
  return select(0u, (length - start + stride - 1u) / stride, start < length);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let phase_h = group.z / conv.stride_w;
  let phase_w = group.z % conv.stride_w;
  let start_h = phase_start(phase_h, conv.stride_h, conv.pad_h);
  let start_w = phase_start(phase_w, conv.stride_w, conv.pad_w);
  let rows = phase_count(start_h, conv.stride_h, conv.in_h);
  let columns = phase_count(start_w, conv.stride_w, conv.in_w);
  let pixels = conv.batch * rows * columns;
  let tiles_n = (conv.in_c + 3u) / 4u;
  let tile = (group.y * groups.x + group.x) * 64u + lane;
  let channel = tile % tiles_n * 4u;
  let first = tile / tiles_n * PIXELS;
  if (first >= pixels) { return; }

  // For each pixel: where it lies in dx, and the last row and column of dy that reach it (for the phase's first tap).
  var target_pixel: array<u32, PIXELS>;
  var image: array<u32, PIXELS>;
  var bottom: array<i32, PIXELS>;
  var right: array<i32, PIXELS>;
  for (var p = 0u; p < PIXELS; p++) {
    let pixel = min(first + p, pixels - 1u);
    let row = pixel / columns;
    let ih = start_h + row % rows * conv.stride_h;
    let iw = start_w + pixel % columns * conv.stride_w;
    image[p] = row / rows;
    target_pixel[p] = (image[p] * conv.in_h + ih) * conv.in_w + iw;
    bottom[p] = i32((ih + conv.pad_h) / conv.stride_h);
    right[p] = i32((iw + conv.pad_w) / conv.stride_w);
  }

  let last_channel = conv.in_c - 1u;
  var sum: array<vec4f, PIXELS>;
  for (var kh = phase_h; kh < conv.kernel_h; kh += conv.stride_h) {
    for (var kw = phase_w; kw < conv.kernel_w; kw += conv.stride_w) {
      var address: array<u32, PIXELS>;
      var inside: array<bool, PIXELS>;
      var any_inside = false;
      for (var p = 0u; p < PIXELS; p++) {
        let oh = bottom[p] - i32(kh / conv.stride_h);
        let ow = right[p] - i32(kw / conv.stride_w);
        inside[p] = oh >= 0 && oh < i32(conv.out_h) && ow >= 0 && ow < i32(conv.out_w);
        any_inside = any_inside || inside[p];
        let pixel = (image[p] * conv.out_h + u32(oh)) * conv.out_w + u32(ow);
        address[p] = conv.out_base + select(0u, pixel * conv.out_stride, inside[p]);
      }
      if (!any_inside) { continue; }

      // The weights of four neighbouring input channels; past the last, the last one again (not stored).
      let tap = conv.weight_base + (kh * conv.kernel_w + kw) * conv.in_c * conv.out_c;
      let w0 = tap + channel * conv.out_c;
      let w1 = tap + min(channel + 1u, last_channel) * conv.out_c;
      let w2 = tap + min(channel + 2u, last_channel) * conv.out_c;
      let w3 = tap + min(channel + 3u, last_channel) * conv.out_c;
      for (var co = 0u; co < conv.out_c; co += 4u) {
        let available = conv.out_c - co;
        let b0 = load_b(w0 + co, available);
        let b1 = load_b(w1 + co, available);
        let b2 = load_b(w2 + co, available);
        let b3 = load_b(w3 + co, available);
        for (var p = 0u; p < PIXELS; p++) {
          let a = select(vec4f(), load_a(address[p] + co, available), inside[p]);
          sum[p] += vec4f(dot(a, b0), dot(a, b1), dot(a, b2), dot(a, b3));
        }
      }
    }
  }

  for (var p = 0u; p < PIXELS; p++) {
    if (first + p >= pixels) { return; }
    for (var j = 0u; j < min(4u, conv.in_c - channel); j++) {
      var value = sum[p][j];
      if (conv.has_bias == 1u) { value += bias[conv.bias_base + channel + j]; }
      output[conv.in_base + target_pixel[p] * conv.in_stride + channel + j] = value;
    }
  }
}
