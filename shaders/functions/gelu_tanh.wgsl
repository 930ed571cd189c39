// 0.5 x (1 + tanh(u)) with u = sqrt(2 / pi) (x + 0.044715 x^3), as x / (1 + exp(-2 u)).
fn apply(x: element) -> element {
  return x / (1.0 + precise_exp(-1.5957691216057308 * (x + 0.044715 * x * x * x)));
}
