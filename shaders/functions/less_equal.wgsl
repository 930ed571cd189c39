// 1 where a <= b, else 0.
fn apply(a: element, b: element) -> element {
  return select(element(), element(1.0), a <= b);
}
