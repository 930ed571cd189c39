// Copies numbers from one walk through memory to another, bit for bit: axes in another order, slices with steps,
// repeated or reversed axes, and a place within a larger tensor are all of this form.
//
//   y[y_base + sum over a of k[a] * y[a]] = x[x_base + sum over a of k[a] * x[a]]    for all 0 <= k[a] < length[a]
//
// x (binding 0), y (binding 1): any words. AXES (prepended) of up to six axes are walked, counted from the innermost;
// strides may be zero (an axis of x is repeated) or negative (reversed). `x_element` and `y_element` (prepended) are
// vec4u where the innermost axis has neighbours on both sides, else u32; lengths, bases and strides are in units of them. Where one of
// the tensors is f16, they are the types of the two, and a copy converts.
//
// Which elements an invocation owns and what the dispatch is: see shared/elements.wgsl, for `count` elements.

struct StridedCopyShape {
  count: u32,
  x_base: u32, y_base: u32,
  length_0: u32, length_1: u32, length_2: u32, length_3: u32, length_4: u32, length_5: u32,
  x_0: i32, x_1: i32, x_2: i32, x_3: i32, x_4: i32, x_5: i32,
  y_0: i32, y_1: i32, y_2: i32, y_3: i32, y_4: i32, y_5: i32,
}

@group(0) @binding(0) var<storage, read> x: array<x_element>;
@group(0) @binding(1) var<storage, read_write> y: array<y_element>;
@group(0) @binding(2) var<uniform> shape: StridedCopyShape;

struct Place {
  // What is left of the element's number for the axes further out.
  rest: u32,
  x: i32,
  y: i32,
}

fn along(place: Place, length: u32, x_stride: i32, y_stride: i32) -> Place {
  let rest = place.rest / length;
  let k = i32(place.rest - rest * length);
  return Place(rest, place.x + k * x_stride, place.y + k * y_stride);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let own = stretch(group, groups, lane, shape.count);
  for (var i = own.first; i < own.end; i += 64u) {
    var place = along(Place(i, i32(shape.x_base), i32(shape.y_base)), shape.length_0, shape.x_0, shape.y_0);
    if (AXES > 1u) { place = along(place, shape.length_1, shape.x_1, shape.y_1); }
    if (AXES > 2u) { place = along(place, shape.length_2, shape.x_2, shape.y_2); }
    if (AXES > 3u) { place = along(place, shape.length_3, shape.x_3, shape.y_3); }
    if (AXES > 4u) { place = along(place, shape.length_4, shape.x_4, shape.y_4); }
    if (AXES > 5u) { place = along(place, shape.length_5, shape.x_5, shape.y_5); }
    y[place.y] = y_element(x[place.x]);
  }
}
