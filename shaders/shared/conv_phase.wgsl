// The phases of a strided convolution's input: what both variants of the input gradient know of the one at hand.

// The pixels of dx that meet the same kernel taps: every stride-th one from `start` on.
struct Phase {
  start_h: u32, start_w: u32,
  rows: u32, columns: u32,
  // The row and column of dy that reach the first pixel through the phase's first tap.
  bottom: u32, right: u32,
}

fn phase_at(phase_h: u32, phase_w: u32) -> Phase {
  let start_h = (phase_h + conv.stride_h - conv.pad_h % conv.stride_h) % conv.stride_h;
  let start_w = (phase_w + conv.stride_w - conv.pad_w % conv.stride_w) % conv.stride_w;
  return Phase(
    start_h, start_w,
    select(0u, (conv.in_h - start_h + conv.stride_h - 1u) / conv.stride_h, start_h < conv.in_h),
    select(0u, (conv.in_w - start_w + conv.stride_w - 1u) / conv.stride_w, start_w < conv.in_w),
    (start_h + conv.pad_h) / conv.stride_h, (start_w + conv.pad_w) / conv.stride_w,
  );
}
