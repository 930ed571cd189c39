// Begins a forward pass with dropout: copies the three words that its masks are drawn from, and counts the pass.
//
//   words[k] = state[k] for k < 3 (seed, step, pass), then state[2] = state[2] + 1
//
// state (binding 0), words (binding 1): three words each, at state_base and words_base. The count lies in device memory, so that a
// pass draws the same mask whether its step is called or replayed.
//
// One invocation does it all. Dispatch: [1, 1, 1].

struct DropoutPassShape {
  state_base: u32,
  words_base: u32,
}

@group(0) @binding(0) var<storage, read_write> state: array<u32>;
@group(0) @binding(1) var<storage, read_write> words: array<u32>;
@group(0) @binding(2) var<uniform> shape: DropoutPassShape;

@compute @workgroup_size(1)
fn main() {
  for (var k = 0u; k < 3u; k++) { words[shape.words_base + k] = state[shape.state_base + k]; }
  state[shape.state_base + 2u] += 1u;
}
