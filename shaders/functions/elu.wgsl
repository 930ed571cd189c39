// x above zero, alpha (exp(x) - 1) below, with alpha = numbers.x.
fn apply(x: element) -> element {
  return select(x, walk.numbers.x * precise_expm1(x), x < element());
}
