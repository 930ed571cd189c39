// What a 2-D convolution kernel has to know of its layer. The three conv kernels share it, so that "input" always
// means the side that is read forward (x, [batch, in_h, in_w, in_c]) and "output" the other (y). A transposed
// convolution is the adjoint of such a layer and runs the same kernels with the sides exchanged.
//
// Strides are in elements from one pixel to the next (a tensor may be a range of the channels of a wider one);
// bases are the element where the tensor starts within its binding.
struct ConvShape {
  batch: u32,
  in_h: u32, in_w: u32, in_c: u32,
  out_h: u32, out_w: u32, out_c: u32,
  kernel_h: u32, kernel_w: u32,
  stride_h: u32, stride_w: u32,
  pad_h: u32, pad_w: u32,
  in_base: u32, in_stride: u32,
  out_base: u32, out_stride: u32,
  weight_base: u32,
  has_bias: u32,
  bias_base: u32,
  // Output rows (n, oh) that one split of the weight gradient sums over.
  rows_per_split: u32,
}
