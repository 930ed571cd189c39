// The direction of a step of sgd.wgsl: the gradient.

@group(0) @binding(SHAPE_BINDING) var<uniform> shape: SgdShape;

fn direction(i: u32, gradient: element, sums: vec3f, kind: u32) -> element { return gradient; }
