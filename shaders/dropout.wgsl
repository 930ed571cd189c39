// Dropout: sets a random part of the elements to zero and scales the rest, so that the mean stays. The same kernel
// is its own gradient, because the mask is drawn again from the same numbers.
//
//   y[i] = x[i] * scale if word[i] >= threshold, else |x[i]| * 0      threshold = rate * 2^32, scale = 1 / (1 - rate)
//
// with 32 random bits word[i] from (i, layer, pass, step, seed); shared/random.wgsl has the generator,
// shared/layer_key.wgsl what a layer draws by.
//
// x (binding 0), y (binding 2): rows of `columns` elements, see shared/elements.wgsl, which also says what an
// invocation owns and what the dispatch is. state (binding 1): seed, step and pass, which change between two runs of a
// recorded step and therefore are no part of the uniform block.

struct DropoutShape {
  count: u32, columns: u32,
  x_base: u32, x_stride: u32,
  y_base: u32, y_stride: u32,
  state_base: u32,
  layer: u32, threshold: u32,
  scale: f32,
}

@group(0) @binding(0) var<storage, read> x: array<x_element>;
@group(0) @binding(1) var<storage, read> state: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<y_element>;
@group(0) @binding(3) var<uniform> shape: DropoutShape;

// Zero, or NaN for infinity and NaN, which must not disappear: what 0 * |value| is. By its bits, because some compilers
// take a product with a constant zero for zero.
fn dropped(value: element) -> element {
  let bits = bitcast<word_element>(value);
  let finite = (bits & word_element(0x7f800000u)) != word_element(0x7f800000u);
  return bitcast<element>(select(bits | word_element(0x00400000u), word_element(), finite));
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let key = layer_key(state[shape.state_base], state[shape.state_base + 1u], state[shape.state_base + 2u], shape.layer);
  let own = stretch(group, groups, lane, shape.count);
  for (var i = own.first; i < own.end; i += 64u) {
    let words = words_from_quad(random_words(quad_of(i), key.x, key.y, key.z), i);
    let value = shape.scale * element(x[address(i, shape.columns, shape.x_base, shape.x_stride)]);
    let kept = words >= word_element(shape.threshold);
    y[address(i, shape.columns, shape.y_base, shape.y_stride)] = y_element(select(dropped(value), value, kept));
  }
}
