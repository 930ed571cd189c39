// Three taps at the points 0, 1, -1 and infinity. See docs/kernels.md.
fn transform(g: array<vec4f, 3>) -> array<vec4f, 4> {
  let even = 0.5 * (g[0] + g[2]);
  let odd = 0.5 * g[1];
  return array<vec4f, 4>(g[0], even + odd, even - odd, g[2]);
}
