// Square root; NaN below zero.
fn apply(x: element) -> element {
  return sqrt(x);
}
