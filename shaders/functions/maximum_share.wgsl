// How much of the gradient of the larger one belongs to a: all, none, or half where both are equal.
fn apply(a: element, b: element) -> element {
  return select(select(element(1.0), element(0.5), a == b), element(), a < b);
}
