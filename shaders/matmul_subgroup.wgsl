// Batched matrix product: the variant of matmul.wgsl for adapters on which a load costs much more than a multiply-add and
// the lanes of a subgroup can exchange registers cheaply (CPU adapters).
//
//   y[b, i, j] = sum over t of op(a)[b, i, t] * op(b)[b, t, j]      0 <= i < m, 0 <= j < n, 0 <= t < k
//
// where op transposes an operand or leaves it as it is, see shared/matmul_shape.wgsl, which also says how a (binding 0)
// and b (binding 1) lie in memory. y (binding 2): [batch][m][n], in vectors of four columns. Rows are whole vectors everywhere,
// k and n are multiples of four, and so is m if TRANSPOSE_A: nothing is tested in the loop.
//
// One subgroup owns ROWS = 4 * LANES rows x 4 columns a lane. Of each four terms lane u loads those of rows 4 u to 4 u + 3 and
// hands them round by shuffle: 4 + 4 loads for ROWS * 16 multiply-adds. LANES is at most the subgroup's size. A lane without
// columns of its own still loads for the others.
// One workgroup: 64 lanes, in a row that runs along the columns first, then the rows, then the batch.
// Dispatch: [x, y, 1] with x * y * 64 >= lanes_n * ceil(m / ROWS) * batch, where lanes_n is n / 4 rounded up to whole subgroups.

@group(0) @binding(2) var<storage, read_write> y: array<y_element>;
@group(0) @binding(3) var<uniform> shape: MatmulShape;

const ROWS = 4u * LANES;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
  @builtin(subgroup_invocation_id) lane: u32,
  @builtin(subgroup_size) size: u32,
) {
  let lanes_n = (shape.n / 4u + size - 1u) / size * size;
  let tiles = lanes_n * ((shape.m + ROWS - 1u) / ROWS);
  let index = (group.y * groups.x + group.x) * 64u + local;
  let batch = index / tiles;
  if (batch >= shape.batch) { return; }
  let tile = index - batch * tiles;
  let row = tile / lanes_n * ROWS;
  let column = tile % lanes_n * 4u;

  // Past the last row or column: one that exists is read again, and nothing is stored for it.
  let my_row = row + lane % LANES * 4u;
  let my_column = select(0u, column, column < shape.n);
  var a_at = vec4u(shape.a_base + batch * shape.a_batch);
  var a_step = 4u;
  if (TRANSPOSE_A) {
    a_at += QUARTET * shape.a_stride + min(my_row, shape.m - 4u);
    a_step = 4u * shape.a_stride;
  } else {
    a_at += min(my_row + QUARTET, vec4u(shape.m - 1u)) * shape.a_stride;
  }
  var b_at = vec4u(shape.b_base + batch * shape.b_batch);
  var b_step = 4u;
  if (TRANSPOSE_B) {
    b_at += (my_column + QUARTET) * shape.b_stride;
  } else {
    b_at += QUARTET * shape.b_stride + my_column;
    b_step = 4u * shape.b_stride;
  }

  var sum: array<vec4f, ROWS>;
  for (var k = 0u; k < shape.k; k += 4u) {
    // Column r of a: four terms of row my_row + r. Column r of b: term k + r of four columns.
    var a = mat4x4f(load_a(a_at.x, 4u), load_a(a_at.y, 4u), load_a(a_at.z, 4u), load_a(a_at.w, 4u));
    if (TRANSPOSE_A) { a = transpose(a); }
    var b = mat4x4f(load_b(b_at.x, 4u), load_b(b_at.y, 4u), load_b(b_at.z, 4u), load_b(b_at.w, 4u));
    if (TRANSPOSE_B) { b = transpose(b); }
    a_at += a_step;
    b_at += b_step;
    for (var r = 0u; r < 4u; r++) {
      let mine = a[r];
      for (var u = 0u; u < LANES; u++) {
        let terms = subgroupShuffle(mine, u);
        let p = 4u * u + r;
        sum[p] = fma(terms.xxxx, b[0], fma(terms.yyyy, b[1], fma(terms.zzzz, b[2], fma(terms.wwww, b[3], sum[p]))));
      }
    }
  }

  if (column >= shape.n) { return; }
  for (var p = 0u; p < ROWS; p++) {
    if (row + p < shape.m) { y[(shape.y_base + batch * shape.y_batch + (row + p) * shape.y_stride + column) / 4u] = y_element(sum[p]); }
  }
}
