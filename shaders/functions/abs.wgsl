// |x|
fn apply(x: element) -> element {
  return abs(x);
}
