// x itself.
fn apply(x: element) -> element {
  return x;
}
