// Normally distributed numbers by Box and Muller's transform: of each quad of uniform numbers the first two and the last two become
// two normal ones each,
//
//   r cos(a), r sin(a)      r = sqrt(-2 log(1 - u)), a = 2 pi v
//
// with u and v in [0, 1), multiples of 2^-24: 1 - u is never 0, and |normal| <= 5.77.

const HALF_PI = 1.5707963267948966;

// Cosine and sine of 2 pi v, for 0 <= v < 1. Of WGSL's own only an error of 2^-11 is asked, and drivers make use
// of that (SwiftShader: 2e-4), which would let one seed give visibly different weights on two drivers. Here the
// angle from the nearest multiple of pi/2 is exact up to one rounding, and the Taylor series leave out 2e-9.
fn cosine_and_sine(v: f32) -> vec2f {
  let nearest = round(4.0 * v);
  let angle = HALF_PI * (4.0 * v - nearest);
  let square = angle * angle;
  let sine = angle * (1.0 + square * (-1.0 / 6.0 + square * (1.0 / 120.0 + square * (-1.0 / 5040.0 + square * (1.0 / 362880.0)))));
  let cosine =
    1.0 + square * (-1.0 / 2.0 + square * (1.0 / 24.0 + square * (-1.0 / 720.0 + square * (1.0 / 40320.0 - square * (1.0 / 3628800.0)))));
  switch (u32(nearest) % 4u) {
    case 0u: { return vec2f(cosine, sine); }
    case 1u: { return vec2f(-sine, cosine); }
    case 2u: { return vec2f(-cosine, -sine); }
    default: { return vec2f(sine, -cosine); }
  }
}

fn normal_quad(u: vec4f) -> vec4f {
  // A driver's log(1) may be a little above 0.
  let radius = sqrt(max(-2.0 * log(1.0 - u.xz), vec2f()));
  return vec4f(radius.x * cosine_and_sine(u.y), radius.y * cosine_and_sine(u.w));
}
