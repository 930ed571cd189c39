// A convolution whose patches are the rows of a matrix. As in shared/conv_shape.wgsl, "in" is the side that is read forward.
struct PatchesShape {
  batch: u32,
  in_h: u32, in_w: u32, in_c: u32,
  in_base: u32, in_stride: u32,
  out_h: u32, out_w: u32,
  kernel_h: u32, kernel_w: u32,
  stride_h: u32, stride_w: u32,
  pad_h: u32, pad_w: u32,
  // Columns of the matrix: the taps' channels, and what makes them whole vectors.
  pitch: u32,
  has_bias: u32, bias_base: u32,
}
