// e^x
fn apply(x: element) -> element {
  return precise_exp(x);
}
