// (x - t)^2: the term of a mean squared error.
fn term(x: element, t: element) -> element {
  return (x - t) * (x - t);
}

// Its derivative by x.
fn term_derivative(x: element, t: element) -> element {
  return 2.0 * (x - t);
}
