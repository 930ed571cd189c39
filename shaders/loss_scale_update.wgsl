// What becomes of the scale of the losses: after each optimiser's step, and at the END (prepended) of a training step.
//
//   after an optimiser:  overflow = max(overflow, found), skipped = skipped + found, found = 0
//   at the end:          scale = scale / 2, but no less than 2^-16, and good = 0 where there was an overflow,
//                        scale = 2 scale and good = 0 after growth_interval good steps, overflow = 0
//
// state (binding 0): scale, good, found, overflow, skipped, from base on. One invocation; dispatch: [1, 1, 1].

struct UpdateShape {
  base: u32,
  growth_interval: f32,
}

@group(0) @binding(0) var<storage, read_write> state: array<f32>;
@group(0) @binding(1) var<uniform> shape: UpdateShape;

@compute @workgroup_size(1)
fn main() {
  let at = shape.base;
  if (!END) {
    state[at + 3u] = max(state[at + 3u], state[at + 2u]);
    state[at + 4u] += state[at + 2u];
    state[at + 2u] = 0.0;
    return;
  }
  let overflow = state[at + 3u] > 0.0;
  let good = select(state[at + 1u] + 1.0, 0.0, overflow);
  let grows = good >= shape.growth_interval;
  // Gradients that are not finite at any scale must not make it zero, by which nothing can be divided.
  if (overflow) { state[at] = max(0.5 * state[at], 0x1p-16); }
  // A scale that is infinite would stay so.
  if (grows && state[at] < 0x1p+126) { state[at] *= 2.0; }
  state[at + 1u] = select(good, 0.0, grows);
  state[at + 3u] = 0.0;
}
