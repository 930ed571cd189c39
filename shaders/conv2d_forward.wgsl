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
// One invocation owns PIXELS output pixels x 4 output channels, in registers: for each four input channels it
// loads PIXELS + 4 vectors and does PIXELS * 16 multiply-adds. No workgroup memory and no barrier: neighbours
// read the same addresses and meet in the cache, which suits CPU adapters too.
// One workgroup: 64 tiles, in a row that runs along the channels first.
// Dispatch: [x, y, 1] with x * y * 64 >= ceil(out_c / 4) * ceil(M / PIXELS).

@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> output: array<f32>;
@group(0) @binding(4) var<uniform> conv: ConvShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let pixels = conv.batch * conv.out_h * conv.out_w;
  let tiles_n = (conv.out_c + 3u) / 4u;
  let tile = (group.y * groups.x + group.x) * 64u + lane;
  let channel = tile % tiles_n * 4u;
  let first = tile / tiles_n * PIXELS;
  if (first >= pixels) { return; }

  // Where each pixel's patch begins. Past the last pixel: the last one again, whose result is not stored.
  var image: array<u32, PIXELS>;
  var top: array<i32, PIXELS>;
  var left: array<i32, PIXELS>;
  for (var p = 0u; p < PIXELS; p++) {
    let pixel = min(first + p, pixels - 1u);
    let row = pixel / conv.out_w;
    image[p] = row / conv.out_h;
    top[p] = i32(row % conv.out_h * conv.stride_h) - i32(conv.pad_h);
    left[p] = i32(pixel % conv.out_w * conv.stride_w) - i32(conv.pad_w);
  }

  let columns = conv.out_c - channel;
  let last_channel = conv.in_c - 1u;
  var sum: array<vec4f, PIXELS>;
  for (var kh = 0u; kh < conv.kernel_h; kh++) {
    for (var kw = 0u; kw < conv.kernel_w; kw++) {
      var address: array<u32, PIXELS>;
      var inside: array<bool, PIXELS>;
      var any_inside = false;
      for (var p = 0u; p < PIXELS; p++) {
        let ih = top[p] + i32(kh);
        let iw = left[p] + i32(kw);
        inside[p] = ih >= 0 && ih < i32(conv.in_h) && iw >= 0 && iw < i32(conv.in_w);
        any_inside = any_inside || inside[p];
        let pixel = (image[p] * conv.in_h + u32(ih)) * conv.in_w + u32(iw);
        address[p] = conv.in_base + select(0u, pixel * conv.in_stride, inside[p]);
      }
      if (!any_inside) { continue; }

      let tap = conv.weight_base + (kh * conv.kernel_w + kw) * conv.in_c * conv.out_c + channel;
      for (var ci = 0u; ci < conv.in_c; ci += 4u) {
        // Past the last input channel x is zero, so any weight will do: the last one is certain to exist.
        let b0 = load_b(tap + ci * conv.out_c, columns);
        let b1 = load_b(tap + min(ci + 1u, last_channel) * conv.out_c, columns);
        let b2 = load_b(tap + min(ci + 2u, last_channel) * conv.out_c, columns);
        let b3 = load_b(tap + min(ci + 3u, last_channel) * conv.out_c, columns);
        for (var p = 0u; p < PIXELS; p++) {
          let a = select(vec4f(), load_a(address[p] + ci, conv.in_c - ci), inside[p]);
          sum[p] = fma(vec4f(a.x), b0, sum[p]);
          sum[p] = fma(vec4f(a.y), b1, sum[p]);
          sum[p] = fma(vec4f(a.z), b2, sum[p]);
          sum[p] = fma(vec4f(a.w), b3, sum[p]);
        }
      }
    }
  }

  for (var p = 0u; p < PIXELS; p++) {
    let pixel = first + p;
    if (pixel >= pixels) { return; }
    for (var j = 0u; j < min(4u, columns); j++) {
      var value = sum[p][j];
      if (conv.has_bias == 1u) { value += bias[conv.bias_base + channel + j]; }
      output[conv.out_base + pixel * conv.out_stride + channel + j] = value;
    }
  }
}
