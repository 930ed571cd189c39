// |x - t|: the term of an L1 loss.
fn term(x: element, t: element) -> element {
  return abs(x - t);
}

// Its derivative by x; zero where x = t.
fn term_derivative(x: element, t: element) -> element {
  return sign(x - t);
}
