// The normal distribution function, with shared/exponential.wgsl.

// 1/2 erfc(-x / sqrt 2). Of z = |x| / sqrt(2) >= 0 it is erfc(z) = t exp(-z^2) q(t) with t = 1 / (1 + 0.4 z), where q is the
// polynomial that fits best over 0 < t <= 1: 7e-9 relative, so that small results are right in every digit too.
fn normal_cdf(x: element) -> element {
  let t = 1.0 / (1.0 + 0.28284271247 * abs(x));
  let near = -0.0498372738 + t * (0.1415628404 + t * (-0.2388423603 + t * (0.1419759753 + t * -0.0295161903)));
  let q = 0.2256758326 + t * (0.2256760884 + t * (0.2076078665 + t * (0.1718043968 + t * (0.1186219799 + t * (0.0852708377 + t * near)))));
  let tail = 0.5 * t * q * precise_exp(-0.5 * x * x);
  return select(tail, 1.0 - tail, x > element());
}
