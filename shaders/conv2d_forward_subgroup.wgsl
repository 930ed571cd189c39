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
// y (binding 3): NHWC, in vectors of four channels.
//
// One subgroup owns PIXELS = LOADS * LANES output pixels x 4 output channels a lane. Lane u loads the inputs of pixels u,
// u + LANES, ... and hands them round by shuffle, so that four input channels cost each lane 4 + LOADS loads for
// PIXELS * 16 multiply-adds. LANES is at most the subgroup's size. Everything that decides about control flow is the
// same for all lanes of a subgroup: a lane without work of its own still loads for the others.
// One workgroup: 64 lanes. Dispatch: [x, y, 1] with x * y * 64 >= lanes_n * ceil(M / PIXELS), where lanes_n is
// ceil(out_c / 4) rounded up to whole subgroups.

@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> output: array<output_element>;
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

  // The patches that this lane looks after; past the last pixel the last one again, whose result is not stored.
  var image: array<u32, LOADS>;
  var top: array<i32, LOADS>;
  var left: array<i32, LOADS>;
  for (var r = 0u; r < LOADS; r++) {
    let pixel = min(first + r * LANES + lane % LANES, pixels - 1u);
    let row = pixel / conv.out_w;
    image[r] = row / conv.out_h;
    top[r] = i32((row - image[r] * conv.out_h) * conv.stride_h) - i32(conv.pad_h);
    left[r] = i32((pixel - row * conv.out_w) * conv.stride_w) - i32(conv.pad_w);
  }

  var sum: array<vec4f, PIXELS>;
  for (var kh = 0u; kh < conv.kernel_h; kh++) {
    for (var kw = 0u; kw < conv.kernel_w; kw++) {
      var address: array<u32, LOADS>;
      var inside: array<bool, LOADS>;
      var any_inside = false;
      for (var r = 0u; r < LOADS; r++) {
        let ih = top[r] + i32(kh);
        let iw = left[r] + i32(kw);
        inside[r] = ih >= 0 && ih < i32(conv.in_h) && iw >= 0 && iw < i32(conv.in_w);
        address[r] = conv.in_base + select(0u, ((image[r] * conv.in_h + u32(ih)) * conv.in_w + u32(iw)) * conv.in_stride, inside[r]);
        any_inside = any_inside || inside[r];
      }
      if (!subgroupAny(any_inside)) { continue; }
      var weights = conv.weight_base + (kh * conv.kernel_w + kw) * conv.in_c * conv.out_c + column;
      for (var ci = 0u; ci < conv.in_c; ci += 4u) {
        // Past the last input channel x is zero, so any weight will do: the last one is certain to exist.
        let last = select(min(3u, conv.in_c - ci - 1u), 3u, A_VECTORIZED);
        let w0 = load_b(weights, 4u);
        let w1 = load_b(weights + min(1u, last) * conv.out_c, 4u);
        let w2 = load_b(weights + min(2u, last) * conv.out_c, 4u);
        let w3 = load_b(weights + last * conv.out_c, 4u);
        weights += 4u * conv.out_c;
        for (var r = 0u; r < LOADS; r++) {
          let mine = select(vec4f(), load_a(address[r] + ci, conv.in_c - ci), inside[r]);
          for (var u = 0u; u < LANES; u++) {
            let a = subgroupShuffle(mine, u);
            let p = r * LANES + u;
            sum[p] = fma(a.xxxx, w0, fma(a.yyyy, w1, fma(a.zzzz, w2, fma(a.wwww, w3, sum[p]))));
          }
        }
      }
    }
  }

  if (channel >= conv.out_c) { return; }
  var offset = vec4f();
  if (conv.has_bias == 1u) {
    let b = conv.bias_base + channel;
    offset = vec4f(bias[b], bias[b + 1u], bias[b + 2u], bias[b + 3u]);
  }
  for (var p = 0u; p < PIXELS; p++) {
    if (first + p < pixels) { output[(conv.out_base + (first + p) * conv.out_stride + channel) / 4u] = output_element(sum[p] + offset); }
  }
}
