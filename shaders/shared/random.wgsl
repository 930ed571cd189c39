// A counter-based generator: what is drawn for an element depends on four numbers alone, so that a backward pass
// or another machine draws the same again and nothing needs to be saved.

// pcg4d: a hash from four 32-bit words to four (Jarzynski and Olano, "Hash Functions for GPU Rendering",
// JCGT 9(3), 2020).
fn pcg4d(key: vec4u) -> vec4u {
  var v = key * 1664525u + 1013904223u;
  v.x += v.y * v.w;
  v.y += v.z * v.x;
  v.z += v.x * v.y;
  v.w += v.y * v.z;
  v ^= v >> vec4u(16u);
  v.x += v.y * v.w;
  v.y += v.z * v.x;
  v.z += v.x * v.y;
  v.w += v.y * v.z;
  return v;
}

// Random words for elements 4 quad to 4 quad + 3 of a tensor.
fn random_words(quad: u32, stream: u32, step: u32, seed: u32) -> vec4u {
  return pcg4d(vec4u(quad, stream, step, seed));
}

// The upper 24 bits of a word as a multiple of 2^-24 in [0, 1): every one of them is a float32.
fn unit_interval(words: vec4u) -> vec4f {
  return vec4f(words >> vec4u(8u)) * 0x1p-24;
}
