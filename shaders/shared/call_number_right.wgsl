// What unary.wgsl applies: a function of two elements, of which the right one is the number numbers.z.
fn call(x: element) -> element {
  return apply(x, element(walk.numbers.z));
}
