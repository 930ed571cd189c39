// The direction of a step of sgd.wgsl: a running sum of gradients. sums: [kept, taken, momentum].

@group(0) @binding(3) var<storage, read_write> b: array<element>;
@group(0) @binding(4) var<uniform> shape: SgdShape;

fn direction(i: u32, gradient: element, sums: vec3f) -> element {
  let now = sums.x * b[shape.b_base + i] + sums.y * gradient;
  b[shape.b_base + i] = now;
  if (NESTEROV) { return gradient + sums.z * now; }
  return now;
}
