// Windows of pooling: what the kernels of pool_*.wgsl share. x is the side that is pooled, y the pooled one.
// Channels, bases and strides are in units of `element` (prepended): vec4f where all rows allow it, else f32.

struct PoolShape {
  batch: u32, channels: u32,
  in_h: u32, in_w: u32, out_h: u32, out_w: u32,
  kernel_h: u32, kernel_w: u32, stride_h: u32, stride_w: u32, pad_h: u32, pad_w: u32,
  x_base: u32, x_stride: u32,
  y_base: u32, y_stride: u32,
}

// Along one axis: the pixels of a window, or the windows of a pixel.
struct Span { first: u32, end: u32 }

// The pixels of window o that lie within the image: never none.
fn window(o: u32, kernel: u32, stride: u32, pad: u32, length: u32) -> Span {
  let start = i32(o * stride) - i32(pad);
  return Span(u32(max(start, 0)), u32(min(start + i32(kernel), i32(length))));
}

// The windows that contain pixel i.
fn windows_of(i: u32, kernel: u32, stride: u32, pad: u32, windows: u32) -> Span {
  let at = i + pad;
  let first = select(0u, (at - kernel) / stride + 1u, at >= kernel);
  return Span(first, min(at / stride + 1u, windows));
}

// An image, a row, a column and a channel, of element k of an array of such.
struct Place { n: u32, i: u32, j: u32, c: u32, pixel: u32 }

fn place_of(k: u32, height: u32, width: u32) -> Place {
  let pixel = k / shape.channels;
  let row = pixel / width;
  let n = row / height;
  return Place(n, row - n * height, pixel - row * width, k - pixel * shape.channels, pixel);
}
