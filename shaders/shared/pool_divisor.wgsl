// What the sum of an average pooling's window is divided by, along one axis: its pixels with those of the padding
// (INCLUDE_PAD, prepended), or only those within the image. A window that a rounded-up size makes reach beyond the
// padding counts no pixel out there.
fn divisor(o: u32, kernel: u32, stride: u32, pad: u32, length: u32) -> f32 {
  if (INCLUDE_PAD) {
    let start = i32(o * stride) - i32(pad);
    return f32(min(start + i32(kernel), i32(length + pad)) - start);
  }
  let inside = window(o, kernel, stride, pad, length);
  return f32(inside.end - inside.first);
}
