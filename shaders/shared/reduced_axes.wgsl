// How a reduction finds its way: an element of the result is an index into the axes that are kept, and the elements it is
// made of are the indices into the axes that are reduced, each row-major.
//
// KEPT and REDUCED (prepended) are how many of each there are, outermost first; the host has joined neighbours.
// An axis is its length and the distance from one index to the next: of the kept ones x and y, of the reduced z and w.

struct Reduction {
  axes: array<vec4u, max(KEPT, REDUCED)>,
  x_base: u32,
  // elements of the result, and of what each is made
  outputs: u32,
  terms: u32,
  splits: u32,
  terms_per_split: u32,
  factor: f32,
}

// Where the elements that make element o of the result begin.
fn kept_place(o: u32) -> u32 {
  var rest = o;
  var at = reduction.x_base;
  for (var k = KEPT - 1u; k > 0u; k--) {
    let axis = reduction.axes[k];
    let outer = rest / axis.x;
    at += (rest - outer * axis.x) * axis.y;
    rest = outer;
  }
  return at + rest * reduction.axes[0].y;
}

// How far from there the j-th of them lies.
fn reduced_place(j: u32) -> u32 {
  var rest = j;
  var at = 0u;
  for (var k = REDUCED - 1u; k > 0u; k--) {
    let axis = reduction.axes[k];
    let outer = rest / axis.z;
    at += (rest - outer * axis.z) * axis.w;
    rest = outer;
  }
  return at + rest * reduction.axes[0].w;
}
