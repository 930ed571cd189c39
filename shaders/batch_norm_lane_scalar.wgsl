// What one invocation of a batch-norm kernel handles at a time: one channel, for tensors of any channel count. A binding
// that may be f16 has a type of its own, NAME_element (prepended). LANE_WIDTH = 1. Of four neighbouring values that a
// kernel hands to lane_of() only the first is its own.
alias lane = f32;

fn lane_of(a: f32, b: f32, c: f32, d: f32) -> lane {
  return a;
}
