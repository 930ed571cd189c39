// a / b
fn apply(a: element, b: element) -> element {
  return a / b;
}
