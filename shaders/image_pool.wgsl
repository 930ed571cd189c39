// Exchanges images with a pool of earlier ones.
//
//   for n in 0..batch, in this order:
//     y[n] = taken < 0 ? x[n] : pool[taken];  pool[put] = x[n] if put >= 0;  [taken, put] = draws[n]
//
// x (binding 0), y (binding 3): [batch, size]; pool (binding 1): [places, size]; each without gaps, from its own base on. draws (binding
// 2): [batch, 2] slots of the pool or -1. A place that the pool lacks counts as -1. `element` (prepended) is vec4f when all allow,
// else f32; size and bases of x, y and pool are in units of it.
//
// One invocation owns one element of all images, so that an image of the batch may take the place of one that came before it in the
// same batch. Dispatch: [x, y, 1] with x * y * 64 >= size.

struct PoolShape {
  batch: u32,
  size: u32,
  places: u32,
  x_base: u32, pool_base: u32, draws_base: u32, y_base: u32,
}

@group(0) @binding(0) var<storage, read> x: array<x_element>;
@group(0) @binding(1) var<storage, read_write> pool: array<element>;
@group(0) @binding(2) var<storage, read> draws: array<i32>;
@group(0) @binding(3) var<storage, read_write> y: array<y_element>;
@group(0) @binding(4) var<uniform> shape: PoolShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * groups.x + group.x) * 64u + lane;
  if (i >= shape.size) { return; }
  for (var n = 0u; n < shape.batch; n++) {
    let image = element(x[shape.x_base + n * shape.size + i]);
    let draw = shape.draws_base + 2u * n;
    // -1 as an unsigned number is no place of any pool.
    let taken = u32(draws[draw]);
    let put = u32(draws[draw + 1u]);
    var result = image;
    if (taken < shape.places) { result = pool[shape.pool_base + taken * shape.size + i]; }
    if (put < shape.places) { pool[shape.pool_base + put * shape.size + i] = image; }
    y[shape.y_base + n * shape.size + i] = y_element(result);
  }
}
