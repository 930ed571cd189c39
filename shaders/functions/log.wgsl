// Natural logarithm; -infinity at zero and NaN below.
fn apply(x: element) -> element {
  return precise_log(x);
}
