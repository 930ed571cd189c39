// b times the derivative of gelu_tanh at a: with s = 1 / (1 + exp(-v)) for v = 2 u, s + a s (1 - s) dv/da.
fn apply(a: element, b: element) -> element {
  let v = 1.5957691216057308 * (a + 0.044715 * a * a * a);
  let e = precise_exp(-abs(v));
  let s = select(e, element(1.0), v >= element()) / (1.0 + e);
  let slope = 1.5957691216057308 * (1.0 + 0.134145 * a * a);
  return b * (s + a * (e / ((1.0 + e) * (1.0 + e))) * slope);
}
