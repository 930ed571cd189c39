// 1 where x lies from numbers.x to numbers.y, both included, else 0: where a clamp passes its gradient on.
fn apply(x: element) -> element {
  return select(element(), element(1.0), (x >= element(walk.numbers.x)) & (x <= element(walk.numbers.y)));
}
