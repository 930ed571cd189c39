// Four sums from the products at the points 0, 1, -1, 2, -2 and infinity. See docs/kernels.md.
fn transform(m: array<vec4f, 6>) -> array<vec4f, 4> {
  let even_1 = m[1] + m[2];
  let odd_1 = m[1] - m[2];
  let even_2 = m[3] + m[4];
  let odd_2 = m[3] - m[4];
  return array<vec4f, 4>(m[0] + even_1 + even_2, odd_1 + 2.0 * odd_2, even_1 + 4.0 * even_2, odd_1 + 8.0 * odd_2 + m[5]);
}
