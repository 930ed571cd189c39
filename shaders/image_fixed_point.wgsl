// Weights and rounding of an eight-bit resize, as in Pillow: whole numbers of 2^-22, so that 255 times a row of
// weights (which sum to 1, with some overshoot) still fits an i32.
const PRECISION_BITS = 22u;
const HALF = 1 << 21u;

// A weighted sum of bytes, begun at HALF, as bytes again.
fn rounded(sum: vec4i) -> vec4i {
  return clamp(sum >> vec4u(PRECISION_BITS), vec4i(0), vec4i(255));
}
