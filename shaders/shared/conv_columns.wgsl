// Which pixels of x a kernel tap meets: what the barrier-free weight-gradient kernels share.

struct Columns {
  start: u32,
  end: u32,
}

// Output columns whose input column lies inside of x: 0 <= ow * stride_w + kw - pad_w < in_w.
fn columns_inside(kw: u32) -> Columns {
  let reach = conv.in_w + conv.pad_w;
  return Columns(
    select(0u, (conv.pad_w - kw + conv.stride_w - 1u) / conv.stride_w, conv.pad_w > kw),
    min(conv.out_w, select(0u, (reach - kw - 1u) / conv.stride_w + 1u, reach > kw)),
  );
}

// The pixel of x in row ih that output column ow meets through kernel column kw.
fn input_address(image: u32, ih: u32, kw: u32, ow: u32) -> u32 {
  return conv.in_base + ((image * conv.in_h + ih) * conv.in_w + ow * conv.stride_w + kw - conv.pad_w) * conv.in_stride;
}
