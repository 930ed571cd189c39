// Batched matrix product.
//
//   y[b, i, j] = sum over t of op(a)[b, i, t] * op(b)[b, t, j]      0 <= i < m, 0 <= j < n, 0 <= t < k
//
// where op transposes an operand or leaves it as it is, see shared/matmul_shape.wgsl, which also says how a (binding 0)
// and b (binding 1) lie in memory. y (binding 2): [batch][m][n].
//
// One invocation owns eight rows x four columns of one product, in registers: for each four terms it loads 8 + 4
// vectors and does 128 multiply-adds. No workgroup memory and no barrier: neighbours read the same addresses and meet in
// the cache, which suits CPU adapters too.
// One workgroup: 64 tiles, in a row that runs along the columns first, then the rows, then the batch.
// Dispatch: [x, y, 1] with x * y * 64 >= batch * ceil(m / 8) * ceil(n / 4).

@group(0) @binding(2) var<storage, read_write> y: array<y_element>;
@group(0) @binding(3) var<uniform> shape: MatmulShape;

// sum + the outer product of a and b.
fn add_product(sum: mat4x4f, a: vec4f, b: vec4f) -> mat4x4f {
  return mat4x4f(fma(a.xxxx, b, sum[0]), fma(a.yyyy, b, sum[1]), fma(a.zzzz, b, sum[2]), fma(a.wwww, b, sum[3]));
}

fn add_block(sum: mat4x4f, a: mat4x4f, b: mat4x4f) -> mat4x4f {
  return add_product(add_product(add_product(add_product(sum, a[0], b[0]), a[1], b[1]), a[2], b[2]), a[3], b[3]);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let tiles_n = (shape.n + 3u) / 4u;
  let tiles = tiles_n * ((shape.m + 7u) / 8u);
  let index = (group.y * groups.x + group.x) * 64u + lane;
  let batch = index / tiles;
  if (batch >= shape.batch) { return; }
  let tile = index - batch * tiles;
  let row = tile / tiles_n * 8u;
  let column = tile % tiles_n * 4u;
  let a_start = shape.a_base + batch * shape.a_batch;
  let b_start = shape.b_base + batch * shape.b_batch;
  var upper = mat4x4f();
  var lower = mat4x4f();
  for (var k = 0u; k < shape.k; k += 4u) {
    let b = b_block(b_start, k, column);
    upper = add_block(upper, a_block(a_start, row, k), b);
    lower = add_block(lower, a_block(a_start, row + 4u, k), b);
  }
  let y_start = shape.y_base + batch * shape.y_batch;
  store_block(y_start, row, column, upper);
  store_block(y_start, row + 4u, column, lower);
}
