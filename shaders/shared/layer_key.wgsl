// What the random words of a layer in a forward pass are drawn by: (stream, step, seed) for random_words(). Layers have numbers
// below 65,536: those of the next pass follow on, and after as many passes the seed changes.
fn layer_key(seed: u32, step: u32, pass_number: u32, layer: u32) -> vec3u {
  return vec3u(layer + (pass_number << 16u), step, seed + (pass_number >> 16u) * 0x9e3779b9u);
}
