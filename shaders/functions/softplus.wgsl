// log(1 + exp(beta x)) / beta with beta = numbers.x, as max(x, 0) + log(1 + exp(-|beta x|)) / beta, which cannot overflow.
fn apply(x: element) -> element {
  let above = select(x, element(), x < element());
  return above + log_one_plus(precise_exp(-abs(walk.numbers.x * x))) / walk.numbers.x;
}
