// The direction of a step of sgd.wgsl: a running sum of gradients, for elements that have one. sums: [kept, taken, momentum].

@group(0) @binding(3) var<storage, read_write> b: array<element>;
@group(0) @binding(SHAPE_BINDING) var<uniform> shape: SgdShape;

fn direction(i: u32, gradient: element, sums: vec3f, kind: u32) -> element {
  if ((kind & MOMENTUM) == 0u) { return gradient; }
  let now = sums.x * b[shape.b_base + i] + sums.y * gradient;
  b[shape.b_base + i] = now;
  if ((kind & NESTEROV) != 0u) { return gradient + sums.z * now; }
  return now;
}
