// The gradient as an optimiser takes it where losses are scaled: divided by the scale, and in no step with one that is not finite.
//
// loss_scale (binding SCALE_BINDING, prepended): the numbers of a LossScale, which begin at its start: the scale, and third whether a
// gradient is not finite.

@group(0) @binding(SCALE_BINDING) var<storage, read> loss_scale: array<f32>;

fn is_left_out() -> bool { return loss_scale[2] != 0.0; }

fn unscaled(gradient: element) -> element { return gradient / loss_scale[0]; }
