// Two sums from the products at the points 0, 1, -1 and infinity. See docs/kernels.md.
fn transform(m: array<vec4f, 4>) -> array<vec4f, 2> {
  return array<vec4f, 2>(m[0] + (m[1] + m[2]), (m[1] - m[2]) + m[3]);
}
