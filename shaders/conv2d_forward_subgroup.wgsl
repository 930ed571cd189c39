// 2-D convolution, forward, as an implicit GEMM: the variant of conv2d_forward.wgsl for adapters on which a load costs
// much more than a multiply-add and the lanes of a subgroup can exchange registers cheaply (CPU adapters).
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
// One subgroup owns PIXELS output pixels x 4 output channels a lane. Lane u loads the input of pixel u alone and hands
// it round by shuffle, so that four input channels cost each lane 1 + 4 loads for PIXELS * 16 multiply-adds.
// PIXELS is at most the subgroup's size. Everything that decides about control flow is the same for all lanes of a
// subgroup: a lane without work of its own still loads for the others.
// One workgroup: 64 lanes. Dispatch: [x, y, 1] with x * y * 64 >= lanes_n * ceil(M / PIXELS), where lanes_n is
// ceil(out_c / 4) rounded up to whole subgroups.

@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> output: array<f32>;
@group(0) @binding(4) var<uniform> conv: ConvShape;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
  @builtin(subgroup_invocation_id) lane: u32,
  @builtin(subgroup_size) size: u32,
) {
  let pixels = conv.batch * conv.out_h * conv.out_w;
  let lanes_n = ((conv.out_c + 3u) / 4u + size - 1u) / size * size;
  let tile = (group.y * groups.x + group.x) * 64u + local;
  let first = tile / lanes_n * PIXELS;
  if (first >= pixels) { return; }
  let channel = tile % lanes_n * 4u;
  // Past the last channel: the weights of the first ones again, and nothing is stored.
  let column = select(0u, channel, channel < conv.out_c);

  // Lane u looks after the patch of pixel u.
  let pixel = min(first + lane % PIXELS, pixels - 1u);
  let row = pixel / conv.out_w;
  let image = row / conv.out_h;
  let top = i32((row - image * conv.out_h) * conv.stride_h) - i32(conv.pad_h);
  let left = i32((pixel - row * conv.out_w) * conv.stride_w) - i32(conv.pad_w);

  var sum: array<vec4f, PIXELS>;
  for (var kh = 0u; kh < conv.kernel_h; kh++) {
    for (var kw = 0u; kw < conv.kernel_w; kw++) {
      let ih = top + i32(kh);
      let iw = left + i32(kw);
      let inside = ih >= 0 && ih < i32(conv.in_h) && iw >= 0 && iw < i32(conv.in_w);
      if (!subgroupAny(inside)) { continue; }
      let address = conv.in_base + select(0u, ((image * conv.in_h + u32(ih)) * conv.in_w + u32(iw)) * conv.in_stride, inside);
      let weights = conv.weight_base + (kh * conv.kernel_w + kw) * conv.in_c * conv.out_c + column;
      for (var ci = 0u; ci < conv.in_c; ci += 4u) {
        let w0 = load_b(weights + ci * conv.out_c, 4u);
        let w1 = load_b(weights + (ci + 1u) * conv.out_c, 4u);
        let w2 = load_b(weights + (ci + 2u) * conv.out_c, 4u);
        let w3 = load_b(weights + (ci + 3u) * conv.out_c, 4u);
        let mine = select(vec4f(), load_a(address + ci, 4u), inside);
        for (var p = 0u; p < PIXELS; p++) {
          let a = subgroupShuffle(mine, p);
          sum[p] = fma(a.xxxx, w0, fma(a.yyyy, w1, fma(a.zzzz, w2, fma(a.wwww, w3, sum[p]))));
        }
      }
    }
  }

  if (channel >= conv.out_c) { return; }
  for (var p = 0u; p < PIXELS; p++) {
    if (first + p >= pixels) { return; }
    for (var j = 0u; j < 4u; j++) {
      var value = sum[p][j];
      if (conv.has_bias == 1u) { value += bias[conv.bias_base + channel + j]; }
      output[conv.out_base + (first + p) * conv.out_stride + channel + j] = value;
    }
  }
}
