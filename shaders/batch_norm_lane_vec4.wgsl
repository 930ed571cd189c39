// What one invocation of a batch-norm kernel handles at a time: four neighbouring channels, for tensors whose rows start
// and end on multiples of four. A binding that may be f16 has a type of its own, NAME_element (prepended). LANE_WIDTH = 4.
// Bases, strides and channel counts are then counted in lanes.
alias lane = vec4f;

fn lane_of(a: f32, b: f32, c: f32, d: f32) -> lane {
  return vec4f(a, b, c, d);
}
