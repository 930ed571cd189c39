// 1 where a and b differ, else 0. A NaN differs from everything; some drivers' own != takes it for equal.
fn apply(a: element, b: element) -> element {
  return select(element(1.0), element(), a == b);
}
