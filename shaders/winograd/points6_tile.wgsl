// Six neighbouring pixels at the points 0, 1, -1, 2, -2 and infinity. See docs/kernels.md.
fn transform(d: array<vec4f, 6>) -> array<vec4f, 6> {
  let even_1 = 4.0 * d[2] - d[4];
  let odd_1 = 4.0 * d[1] - d[3];
  let even_2 = d[4] - d[2];
  let odd_2 = 2.0 * (d[3] - d[1]);
  return array<vec4f, 6>(
    4.0 * d[0] - 5.0 * d[2] + d[4],
    even_1 + odd_1,
    even_1 - odd_1,
    even_2 + odd_2,
    even_2 - odd_2,
    4.0 * d[1] - 5.0 * d[3] + d[5],
  );
}
