// Three taps at the points 0, 1, -1, 2, -2 and infinity. See docs/kernels.md.
fn transform(g: array<vec4f, 3>) -> array<vec4f, 6> {
  let even_1 = (g[0] + g[2]) / 6.0;
  let odd_1 = g[1] / 6.0;
  let even_2 = (g[0] + 4.0 * g[2]) / 24.0;
  let odd_2 = g[1] / 12.0;
  return array<vec4f, 6>(0.25 * g[0], even_1 + odd_1, even_1 - odd_1, even_2 + odd_2, even_2 - odd_2, g[2]);
}
