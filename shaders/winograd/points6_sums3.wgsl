// Three sums from the products at the points 0, 1, -1, 2, -2 and infinity. See docs/kernels.md.
fn transform(m: array<vec4f, 6>) -> array<vec4f, 3> {
  let even_1 = m[1] + m[2];
  let even_2 = m[3] + m[4];
  return array<vec4f, 3>(m[0] + even_1 + even_2, (m[1] - m[2]) + 2.0 * (m[3] - m[4]), even_1 + 4.0 * even_2 + m[5]);
}
