// The smaller one; a NaN if either is.
fn apply(a: element, b: element) -> element {
  return select(select(b, a, a < b), a + b, is_nan(a) | is_nan(b));
}
