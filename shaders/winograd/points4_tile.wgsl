// Four neighbouring pixels at the points 0, 1, -1 and infinity. See docs/kernels.md.
fn transform(d: array<vec4f, 4>) -> array<vec4f, 4> {
  return array<vec4f, 4>(d[0] - d[2], d[2] + d[1], d[2] - d[1], d[3] - d[1]);
}
