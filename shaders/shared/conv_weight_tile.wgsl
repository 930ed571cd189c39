// What both variants of the weight gradient do with a tile of 4 input channels x 4 output channels: add a pixel's
// products to it, and store it. Column r of the matrix is input channel r, row c output channel c.

// sum + the outer product of a and b.
fn accumulate(sum: mat4x4f, a: vec4f, b: vec4f) -> mat4x4f {
  return mat4x4f(fma(a.xxxx, b, sum[0]), fma(a.yyyy, b, sum[1]), fma(a.zzzz, b, sum[2]), fma(a.wwww, b, sum[3]));
}

// Four output channels' gradients of one input channel's weights.
fn store_row(tap: u32, split: u32, ci: u32, co: u32, sum: vec4f) {
  if (ci >= conv.in_c) { return; }
  let taps = conv.kernel_h * conv.kernel_w;
  let at = conv.weight_base + ((split * taps + tap) * conv.in_c + ci) * conv.out_c;
  for (var c = 0u; c < 4u; c++) {
    if (co + c >= conv.out_c) { return; }
    output[at + co + c] = sum[c];
  }
}

fn store(tap: u32, split: u32, ci: u32, co: u32, sum: mat4x4f) {
  store_row(tap, split, ci, co, sum[0]);
  store_row(tap, split, ci + 1u, co, sum[1]);
  store_row(tap, split, ci + 2u, co, sum[2]);
  store_row(tap, split, ci + 3u, co, sum[3]);
}
