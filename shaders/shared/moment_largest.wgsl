// The second moment that adam.wgsl takes the root of: the largest so far (Reddi et al. 2018), kept in a tensor like the others.

@group(0) @binding(5) var<storage, read_write> largest: array<element>;
@group(0) @binding(SHAPE_BINDING) var<uniform> shape: AdamShape;

fn moment(i: u32, second: element) -> element {
  // Not max(): of a NaN and a number WGSL may return either.
  let before = largest[shape.largest_base + i];
  let now = select(second, before, before > second);
  largest[shape.largest_base + i] = now;
  return now;
}
