// Gradient of conv2d_direct_forward.wgsl with respect to its weights.
//
//   w[kh, kw, k, co] = sum over n, oh, ow of
//                      x[n, oh * stride_h + kh * dilation_h - pad_h, ow * ..., g * in_group + k] * y[n, oh, ow, co]
//
// row by row of the output, each row's sum first, so that no chain of additions is as long as all pixels.
//
// x (binding 0), y (binding 1), w (binding 2): see shared/direct_conv_shape.wgsl; y is a gradient here. WIDTH, DEPTHWISE, `lane`,
// `x_value`, `x_element` and `y_element` (prepended): as in conv2d_direct_forward.wgsl. w is f32.
//
// Which elements an invocation owns and what the dispatch is: see shared/elements.wgsl, for the elements of w.

@group(0) @binding(0) var<storage, read> x: array<x_element>;
@group(0) @binding(1) var<storage, read> y: array<y_element>;
@group(0) @binding(2) var<storage, read_write> w: array<lane>;
@group(0) @binding(3) var<uniform> shape: DirectConvShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane_index: u32) {
  let lanes = shape.out_c / WIDTH;
  let own = stretch(group, groups, lane_index, shape.kernel_h * shape.kernel_w * shape.in_group * lanes);
  for (var i = own.first; i < own.end; i += 64u) {
    let row = i / lanes;
    let channel = (i - row * lanes) * WIDTH;
    let tap = row / shape.in_group;
    let kh = tap / shape.kernel_w;
    let kw = tap - kh * shape.kernel_w;
    let source_channel = channel / shape.out_group * shape.in_group + row - tap * shape.in_group;
    var sum = lane();
    for (var line = 0u; line < shape.batch * shape.out_h; line++) {
      let n = line / shape.out_h;
      let ih = read_at(line - n * shape.out_h, kh, shape.stride_h, shape.dilation_h, shape.pad_h);
      if (ih >= shape.in_h) { continue; }
      var part = lane();
      for (var ow = 0u; ow < shape.out_w; ow++) {
        let iw = read_at(ow, kw, shape.stride_w, shape.dilation_w, shape.pad_w);
        if (iw >= shape.in_w) { continue; }
        let source = shape.x_base + ((n * shape.in_h + ih) * shape.in_w + iw) * shape.x_stride + source_channel;
        let gradient = lane(y[(shape.y_base + (line * shape.out_w + ow) * shape.y_stride + channel) / WIDTH]);
        let at = select(source, source / WIDTH, DEPTHWISE);
        part += lane(x_value(x[at])) * gradient;
      }
      sum += part;
    }
    w[i + shape.w_base / WIDTH] = sum;
  }
}
