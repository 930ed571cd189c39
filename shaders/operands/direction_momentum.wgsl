// The direction of a step of sgd.wgsl: a running sum of gradients.

@group(0) @binding(3) var<storage, read_write> b: array<element>;
@group(0) @binding(4) var<uniform> shape: SgdShape;

fn direction(i: u32, gradient: element, h: u32) -> element {
  let sum = hyper[h + 1u] * b[shape.b_base + i] + hyper[h + 2u] * gradient;
  b[shape.b_base + i] = sum;
  if (NESTEROV) { return gradient + hyper[h + 3u] * sum; }
  return sum;
}
