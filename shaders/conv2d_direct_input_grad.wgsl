// The adjoint of conv2d_direct_forward.wgsl: the gradient of its input, and the transposed convolution with dilation and groups.
//
//   x[n, ih, iw, ci] = bias[ci] + sum over kh, kw and the output channels co of ci's group, where (oh, ow) exists, of
//                      y[n, oh, ow, co] * w[kh, kw, ci - g * in_group, co]
//   with oh * stride_h = ih + pad_h - kh * dilation_h, and ow likewise
//
// y (binding 0), w (binding 1), x (binding 3): see shared/direct_conv_shape.wgsl. bias (binding 2): [in_c]; any buffer when
// has_bias is 0. WIDTH (prepended) input channels at a time: 4 if DEPTHWISE (prepended) and all rows allow it, else 1; `lane` is
// vec4f or f32. The others' sums take as many terms at a time as shared/inner_*.wgsl says. `x_element`, `w_element` and `y_element`
// (prepended) are what the buffers hold: f32, or f16 to compute with in f32.
//
// Which elements an invocation owns and what the dispatch is: see shared/elements.wgsl, for the elements of x.

@group(0) @binding(0) var<storage, read> y: array<y_element>;
@group(0) @binding(1) var<storage, read> w: array<w_element>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> x: array<x_element>;
@group(0) @binding(4) var<uniform> shape: DirectConvShape;

// The window that reads index i by this tap, along one axis; none where it is not below the windows' number.
fn window_at(i: u32, tap: u32, stride: u32, dilation: u32, pad: u32) -> u32 {
  let distance = i32(i + pad) - i32(tap * dilation);
  if (distance < 0 || distance % i32(stride) != 0) { return 0xffffffffu; }
  return u32(distance) / stride;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane_index: u32) {
  let lanes = shape.in_c / WIDTH;
  let own = stretch(group, groups, lane_index, shape.batch * shape.in_h * shape.in_w * lanes);
  for (var i = own.first; i < own.end; i += 64u) {
    let at = spot_of(i, shape.in_h, shape.in_w, lanes);
    let channel = at.c * WIDTH;
    let g = channel / shape.in_group;
    let first = g * shape.out_group;
    var sum = lane();
    for (var kh = 0u; kh < shape.kernel_h; kh++) {
      let oh = window_at(at.h, kh, shape.stride_h, shape.dilation_h, shape.pad_h);
      if (oh >= shape.out_h) { continue; }
      for (var kw = 0u; kw < shape.kernel_w; kw++) {
        let ow = window_at(at.w, kw, shape.stride_w, shape.dilation_w, shape.pad_w);
        if (ow >= shape.out_w) { continue; }
        let source = shape.y_base + ((at.n * shape.out_h + oh) * shape.out_w + ow) * shape.y_stride + first;
        let tap = (kh * shape.kernel_w + kw) * shape.in_group;
        let weights = shape.w_base + (tap + channel - g * shape.in_group) * shape.out_c + first;
        if (DEPTHWISE) {
          sum += each(terms(y[source / TERMS]), terms(w[weights / TERMS]));
        } else {
          for (var k = 0u; k < shape.out_group; k += TERMS) {
            sum += lane(inner(terms(y[(source + k) / TERMS]), terms(w[(weights + k) / TERMS])));
          }
        }
      }
    }
    if (shape.has_bias == 1u) {
      let b = shape.bias_base + channel;
      sum += lane_of(bias[b], bias[b + 1u], bias[b + 2u], bias[b + 3u]);
    }
    x[(shape.x_base + at.pixel * shape.x_stride + channel) / WIDTH] = x_element(sum);
  }
}
