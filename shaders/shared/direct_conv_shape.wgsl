// Sizes of a convolution with gaps between its taps and with groups: what the kernels of conv2d_direct_*.wgsl share.
//
//   y[n, oh, ow, co] = sum over kh, kw and the group's channels k of
//                      x[n, oh * stride_h + kh * dilation_h - pad_h, ow * ..., g * in_group + k] * w[kh, kw, k, co]
//
// with g = co / out_group the group of the output channel, and x zero outside of its height and width.
// x: NHWC. w: [kernel_h][kernel_w][in_group][out_c]. y: NHWC.
struct DirectConvShape {
  batch: u32, in_h: u32, in_w: u32, in_c: u32,
  out_h: u32, out_w: u32, out_c: u32,
  kernel_h: u32, kernel_w: u32,
  stride_h: u32, stride_w: u32, pad_h: u32, pad_w: u32, dilation_h: u32, dilation_w: u32,
  in_group: u32, out_group: u32,
  x_base: u32, x_stride: u32,
  y_base: u32, y_stride: u32,
  w_base: u32,
  has_bias: u32, bias_base: u32,
}

// A pixel and a channel of an NHWC image, of element i of one with so many channels.
struct Spot { n: u32, h: u32, w: u32, c: u32, pixel: u32 }

fn spot_of(i: u32, height: u32, width: u32, channels: u32) -> Spot {
  let pixel = i / channels;
  let row = pixel / width;
  let n = row / height;
  return Spot(n, row - n * height, pixel - row * width, i - pixel * channels, pixel);
}

// Where a tap of window o reads along one axis; outside of the image where it is not below the length.
fn read_at(o: u32, tap: u32, stride: u32, dilation: u32, pad: u32) -> u32 {
  return o * stride + tap * dilation - pad;
}
