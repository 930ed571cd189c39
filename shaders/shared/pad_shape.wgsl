// Sizes of padded images: what pad.wgsl and pad_grad.wgsl share. x is the smaller side, y the padded one.
// Channels, bases and strides are in units of `element`.
const CONSTANT = 0u;
const REFLECT = 1u;
const REPLICATE = 2u;

struct PadShape {
  batch: u32, height: u32, width: u32, channels: u32,
  top: u32, bottom: u32, left: u32, right: u32,
  x_base: u32, x_stride: u32,
  y_base: u32, y_stride: u32,
  value: f32,
}
