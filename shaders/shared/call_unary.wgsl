// What unary.wgsl applies: a function of one element.
fn call(x: element) -> element {
  return apply(x);
}
