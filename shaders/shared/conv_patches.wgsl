// The input pixels that output pixels are made from: what the barrier-free forward kernels share.

// Where the patches of four neighbouring output pixels begin.
struct Patches {
  image: vec4u,
  top: vec4i,
  left: vec4i,
}

// Past the last pixel: the last one again, whose result is not stored.
fn patches(first: u32, pixels: u32) -> Patches {
  let pixel = min(first + vec4u(0u, 1u, 2u, 3u), vec4u(pixels - 1u));
  let row = pixel / conv.out_w;
  let column = pixel - row * conv.out_w;
  let image = row / conv.out_h;
  return Patches(
    image,
    vec4i((row - image * conv.out_h) * conv.stride_h) - i32(conv.pad_h),
    vec4i(column * conv.stride_w) - i32(conv.pad_w),
  );
}

// The four input pixels under one kernel tap.
struct Tap {
  address: vec4u,
  inside: vec4<bool>,
}

fn tap_at(at: Patches, kh: u32, kw: u32) -> Tap {
  let ih = at.top + i32(kh);
  let iw = at.left + i32(kw);
  let inside = (ih >= vec4i()) & (ih < vec4i(i32(conv.in_h))) & (iw >= vec4i()) & (iw < vec4i(i32(conv.in_w)));
  let pixel = (at.image * conv.in_h + vec4u(ih)) * conv.in_w + vec4u(iw);
  return Tap(conv.in_base + select(vec4u(), pixel * conv.in_stride, inside), inside);
}

// Four input channels of one pixel; zeros in the padding.
fn input_at(address: u32, inside: bool, ci: u32) -> vec4f {
  return select(vec4f(), load_a(address + ci, conv.in_c - ci), inside);
}
