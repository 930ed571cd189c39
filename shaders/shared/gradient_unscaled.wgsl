// The gradient as an optimiser takes it where losses are not scaled: as it is, in every step.

fn is_left_out() -> bool { return false; }

fn unscaled(gradient: element) -> element { return gradient; }

fn steps_left_out(row: u32) -> f32 { return 0.0; }
