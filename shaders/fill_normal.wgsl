// Fills a tensor with normally distributed numbers, by Box and Muller's transform: of each quad of uniform numbers
// the first two and the last two become two normal ones each,
//
//   r cos(a), r sin(a)      r = sqrt(-2 log(1 - u)), a = 2 pi (v - 1/2)
//   y[i] = mean + deviation * normal[i]
//
// with u and v in [0, 1), multiples of 2^-24, from (i, stream, 0, seed): 1 - u is never 0, and |normal| <= 5.77.
//
// y (binding 0): rows of `columns` elements, see operands/elements.wgsl, which also says what an invocation owns
// and what the dispatch is; operands/random.wgsl has the generator.

struct NormalShape {
  count: u32, columns: u32,
  y_base: u32, y_stride: u32,
  stream: u32, seed: u32,
  mean: f32, deviation: f32,
}

@group(0) @binding(0) var<storage, read_write> y: array<element>;
@group(0) @binding(1) var<uniform> shape: NormalShape;

const TAU = 6.283185307179586;

fn normal_quad(u: vec4f) -> vec4f {
  // A driver's log(1) may be a little above 0.
  let radius = sqrt(max(-2.0 * log(1.0 - u.xz), vec2f()));
  let angle = TAU * (u.yw - 0.5);
  let cosine = radius * cos(angle);
  let sine = radius * sin(angle);
  return vec4f(cosine.x, sine.x, cosine.y, sine.y);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = invocation_index(group, groups, lane);
  if (i >= shape.count) { return; }
  let words = random_words(quad_of(i), shape.stream, 0u, shape.seed);
  let normal = from_quad(normal_quad(unit_interval(words)), i);
  y[address(i, shape.columns, shape.y_base, shape.y_stride)] = shape.mean + shape.deviation * normal;
}
