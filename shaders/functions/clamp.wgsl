// x, but at least numbers.x and then at most numbers.y; a NaN stays one.
fn apply(x: element) -> element {
  let low = element(walk.numbers.x);
  let high = element(walk.numbers.y);
  let raised = select(x, low, x < low);
  return select(raised, high, raised > high);
}
