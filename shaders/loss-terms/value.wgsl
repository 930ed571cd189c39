// The number itself: the term of a plain sum or mean. It has no target.
fn term(x: element, t: element) -> element {
  return x;
}
