// 1 / x
fn apply(x: element) -> element {
  return 1.0 / x;
}
