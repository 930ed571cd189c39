// The output pixels that a phase's input pixels reach: what the barrier-free input-gradient kernels share.

// Four neighbouring pixels of a phase: where they lie in dx, and the row and column of dy for the first tap.
struct Pixels {
  position: vec4u,
  image: vec4u,
  bottom: vec4i,
  right: vec4i,
}

// Past the last pixel: the last one again, whose result is not stored.
fn pixels_at(phase: Phase, first: u32, count: u32) -> Pixels {
  let pixel = min(first + vec4u(0u, 1u, 2u, 3u), vec4u(count - 1u));
  let line = pixel / phase.columns;
  let column = pixel - line * phase.columns;
  let image = line / phase.rows;
  let row = line - image * phase.rows;
  let ih = phase.start_h + row * conv.stride_h;
  let iw = phase.start_w + column * conv.stride_w;
  return Pixels((image * conv.in_h + ih) * conv.in_w + iw, image, vec4i(phase.bottom + row), vec4i(phase.right + column));
}

// The four pixels of dy under one of the phase's taps.
struct Tap {
  address: vec4u,
  inside: vec4<bool>,
}

fn tap_at(at: Pixels, up: u32, left: u32) -> Tap {
  let oh = at.bottom - i32(up);
  let ow = at.right - i32(left);
  let inside = (oh >= vec4i()) & (oh < vec4i(i32(conv.out_h))) & (ow >= vec4i()) & (ow < vec4i(i32(conv.out_w)));
  let pixel = (at.image * conv.out_h + vec4u(oh)) * conv.out_w + vec4u(ow);
  return Tap(conv.out_base + select(vec4u(), pixel * conv.out_stride, inside), inside);
}
