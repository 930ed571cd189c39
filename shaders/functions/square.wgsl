// x^2
fn apply(x: element) -> element {
  return x * x;
}
