// The gradient as an optimiser takes it where losses are not scaled: as it is, in every step.

fn is_left_out() -> bool { return false; }

fn unscaled(gradient: element) -> element { return gradient; }
