// The gradient as an optimiser takes it where losses are scaled: divided by the scale, and in no step with one that is not finite.
//
// loss_scale (binding SCALE_BINDING, prepended): what the optimiser knows of a LossScale (loss_scale_left_out.wgsl), which begins at its
// start: the scale, third whether a gradient is not finite, and from the fourth on how many steps of each parameter were left out.

@group(0) @binding(SCALE_BINDING) var<storage, read> loss_scale: array<f32>;

fn is_left_out() -> bool { return loss_scale[2] != 0.0; }

fn unscaled(gradient: element) -> element { return gradient / loss_scale[0]; }

// Steps that the host has counted and that were left out, of parameters whose numbers are in this row of `hyper`.
fn steps_left_out(row: u32) -> f32 { return loss_scale[3u + row]; }
