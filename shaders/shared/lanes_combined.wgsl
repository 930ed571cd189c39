// A reduction whose four lanes belong to one result: they are combined last, in pairs.
alias result = f32;

fn finish(total: element) -> result {
  let pairs = apply(total, total.zwxy);
  return apply(pairs, pairs.yxwz).x;
}
