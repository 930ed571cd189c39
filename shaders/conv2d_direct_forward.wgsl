// 2-D convolution with dilation and groups, forward: the plain form, for what conv2d_forward.wgsl does not do.
//
//   y[n, oh, ow, co] = bias[co] + the sum of shared/direct_conv_shape.wgsl
//
// x (binding 0), w (binding 1), y (binding 3): see there. bias (binding 2): [out_c]; any buffer when has_bias is 0.
// WIDTH (prepended) output channels at a time: 4 where they lie in one group and all rows allow it, or where every channel is a
// group of its own (DEPTHWISE, prepended: then x is read four channels at a time, too); else 1. `lane` is vec4f or f32,
// `x_value` f32 or, if DEPTHWISE, `lane`; what is in units of them is divided here. `x_element`, `w_element` and `y_element` are what the
// buffers hold of them: f32, or f16 to compute with in f32.
//
// Which elements an invocation owns and what the dispatch is: see shared/elements.wgsl, for the elements of y.

@group(0) @binding(0) var<storage, read> x: array<x_element>;
@group(0) @binding(1) var<storage, read> w: array<w_element>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<y_element>;
@group(0) @binding(4) var<uniform> shape: DirectConvShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane_index: u32) {
  let lanes = shape.out_c / WIDTH;
  let own = stretch(group, groups, lane_index, shape.batch * shape.out_h * shape.out_w * lanes);
  for (var i = own.first; i < own.end; i += 64u) {
    let at = spot_of(i, shape.out_h, shape.out_w, lanes);
    let channel = at.c * WIDTH;
    let first = channel / shape.out_group * shape.in_group;
    var sum = lane();
    for (var kh = 0u; kh < shape.kernel_h; kh++) {
      let ih = read_at(at.h, kh, shape.stride_h, shape.dilation_h, shape.pad_h);
      if (ih >= shape.in_h) { continue; }
      for (var kw = 0u; kw < shape.kernel_w; kw++) {
        let iw = read_at(at.w, kw, shape.stride_w, shape.dilation_w, shape.pad_w);
        if (iw >= shape.in_w) { continue; }
        let source = shape.x_base + ((at.n * shape.in_h + ih) * shape.in_w + iw) * shape.x_stride + first;
        let weights = shape.w_base + (kh * shape.kernel_w + kw) * shape.in_group * shape.out_c + channel;
        if (DEPTHWISE) {
          sum += lane(x_value(x[source / WIDTH])) * lane(w[weights / WIDTH]);
        } else {
          for (var k = 0u; k < shape.in_group; k++) {
            sum += lane(x_value(x[source + k])) * lane(w[(weights + k * shape.out_c) / WIDTH]);
          }
        }
      }
    }
    if (shape.has_bias == 1u) {
      let b = shape.bias_base + channel;
      sum += lane_of(bias[b], bias[b + 1u], bias[b + 2u], bias[b + 3u]);
    }
    y[(shape.y_base + at.pixel * shape.y_stride + channel) / WIDTH] = y_element(sum);
  }
}
