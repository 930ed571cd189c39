// Four terms of an inner product at a time, for operands whose rows start and end on multiples of four.
alias terms = vec4f;
const TERMS = 4u;

fn inner(a: terms, b: terms) -> f32 { return dot(a, b); }

// The products themselves, for the channels of one lane.
fn each(a: terms, b: terms) -> lane {
  let products = a * b;
  return lane_of(products.x, products.y, products.z, products.w);
}
