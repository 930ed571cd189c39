// b times the derivative of softplus at a, 1 / (1 + exp(-beta a)) with beta = numbers.x.
fn apply(a: element, b: element) -> element {
  return b / (1.0 + precise_exp(-walk.numbers.x * a));
}
