// b times the derivative of silu at a: s (1 + a (1 - s)) with s = 1 / (1 + exp(-a)).
fn apply(a: element, b: element) -> element {
  let e = precise_exp(-abs(a));
  let s = select(e, element(1.0), a >= element()) / (1.0 + e);
  return b * s * (1.0 + a * (1.0 - s));
}
