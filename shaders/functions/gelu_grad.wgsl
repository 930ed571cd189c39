// b times the derivative of gelu at a: the distribution function plus a times the density.
fn apply(a: element, b: element) -> element {
  return b * (normal_cdf(a) + a * 0.3989422804014327 * precise_exp(-0.5 * a * a));
}
