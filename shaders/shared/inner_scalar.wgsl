// One term of an inner product at a time, for operands of any alignment.
alias terms = f32;
const TERMS = 1u;

fn inner(a: terms, b: terms) -> f32 { return a * b; }

// The products themselves, for the channels of one lane.
fn each(a: terms, b: terms) -> lane { return lane(a * b); }
