// Three sums from the products at the points 0, 1, -1 and infinity. See docs/kernels.md.
fn transform(m: array<vec4f, 4>) -> array<vec4f, 3> {
  let even = m[1] + m[2];
  return array<vec4f, 3>(m[0] + even, m[1] - m[2], even + m[3]);
}
