// Binary cross entropy of a logit: -t log(sigmoid(x)) - (1 - t) log(1 - sigmoid(x)), in the form that cannot
// overflow, max(x, 0) - x t + log(1 + exp(-|x|)).
fn term(x: element, t: element) -> element {
  // log(1 + e) = 2 atanh(s) with s = e / (2 + e) <= 1/3, by its power series: log(1 + e) itself would round 1 + e
  // and return 0 for a confident discriminator. The first term left out is 2e-9 relative.
  let e = exp(-abs(x));
  let s = e / (2.0 + e);
  let square = s * s;
  var series = element(1.0 / 15.0);
  for (var odd = 13.0; odd > 0.0; odd -= 2.0) {
    series = series * square + 1.0 / odd;
  }
  return max(x, element()) - x * t + 2.0 * s * series;
}

// Its derivative by x, sigmoid(x) - t, without the cancellation near t = 1: (1 - t) sigmoid(x) - t sigmoid(-x).
fn term_derivative(x: element, t: element) -> element {
  let e = exp(-abs(x));
  let positive = x >= element();
  let probability = select(e, element(1.0), positive) / (1.0 + e);
  let complement = select(element(1.0), e, positive) / (1.0 + e);
  return (1.0 - t) * probability - t * complement;
}
