// -x
fn apply(x: element) -> element {
  return -x;
}
