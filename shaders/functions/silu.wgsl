// x / (1 + exp(-x)); where exp(-x) is infinite, zero.
fn apply(x: element) -> element {
  return x / (1.0 + precise_exp(-x));
}
