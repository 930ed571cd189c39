// -1, 0 or 1; 0 for a NaN, as in PyTorch.
fn apply(x: element) -> element {
  return select(element(), element(1.0), x > element()) - select(element(), element(1.0), x < element());
}
