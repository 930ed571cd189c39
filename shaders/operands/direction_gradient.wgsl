// The direction of a step of sgd.wgsl: the gradient.

@group(0) @binding(3) var<uniform> shape: SgdShape;

fn direction(i: u32, gradient: element, sums: vec3f) -> element { return gradient; }
