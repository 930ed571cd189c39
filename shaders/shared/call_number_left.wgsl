// What unary.wgsl applies: a function of two elements, of which the left one is the number numbers.z.
fn call(x: element) -> element {
  return apply(element(walk.numbers.z), x);
}
