// Batched matrix product: the variant of matmul.wgsl for GPUs, by tiles in workgroup memory.
//
//   y[b, i, j] = sum over t of op(a)[b, i, t] * op(b)[b, t, j]      0 <= i < m, 0 <= j < n, 0 <= t < k
//
// where op transposes an operand or leaves it as it is, see shared/matmul_shape.wgsl, which also says how a (binding 0)
// and b (binding 1) lie in memory. y (binding 2): [batch][m][n].
//
// One workgroup owns BM rows x BN columns of one product, see shared/workgroup_gemm.wgsl, which also says what an
// invocation owns; workgroups in a row that runs along the columns first, then the rows, then the batch.
// Dispatch: [x, y, 1] with x * y >= batch * ceil(m / BM) * ceil(n / BN).

@group(0) @binding(2) var<storage, read_write> y: array<y_element>;
@group(0) @binding(3) var<uniform> shape: MatmulShape;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let tiles_n = (shape.n + BN - 1u) / BN;
  let tiles = tiles_n * ((shape.m + BM - 1u) / BM);
  let index = group.y * groups.x + group.x;
  let batch = index / tiles;
  if (batch >= shape.batch) { return; }
  let tile = index - batch * tiles;
  let row = tile / tiles_n * BM;
  let column = tile % tiles_n * BN;
  let a_start = shape.a_base + batch * shape.a_batch;
  let b_start = shape.b_base + batch * shape.b_batch;

  // Neighbouring lanes load neighbouring memory: whichever axis an operand's rows run along.
  var a_quad = lane % QUADS;
  var a_rows = lane / QUADS;
  if (TRANSPOSE_A) { a_quad = lane / (BM / 4u); a_rows = lane % (BM / 4u); }
  let b_lane = LANES - 1u - lane;
  var b_quad = b_lane / (BN / 4u);
  var b_columns = b_lane % (BN / 4u);
  if (TRANSPOSE_B) { b_quad = b_lane % QUADS; b_columns = b_lane / QUADS; }

  var sums = Sums();
  var a = mat4x4f();
  var b = mat4x4f();
  if (lane < A_BLOCKS) { a = a_block(a_start, row + a_rows * 4u, a_quad * 4u); }
  if (b_lane < B_BLOCKS) { b = b_block(b_start, b_quad * 4u, column + b_columns * 4u); }
  for (var k = 0u; k < shape.k; k += BK) {
    workgroupBarrier();
    if (lane < A_BLOCKS) { put_a(a_quad, a_rows, a); }
    if (b_lane < B_BLOCKS) { put_b(b_quad, b_columns, b); }
    workgroupBarrier();
    if (lane < A_BLOCKS) { a = a_block(a_start, row + a_rows * 4u, k + BK + a_quad * 4u); }
    if (b_lane < B_BLOCKS) { b = b_block(b_start, k + BK + b_quad * 4u, column + b_columns * 4u); }
    sums = add_tiles(lane, sums);
  }

  let y_start = shape.y_base + batch * shape.y_batch;
  let my_row = row + row_quad(lane) * 4u;
  let my_column = column + column_quad(lane) * 4u;
  store_block(y_start, my_row, my_column, sums.m00);
  if (TN == 8u) { store_block(y_start, my_row, my_column + BN / 2u, sums.m01); }
  if (TM == 8u) { store_block(y_start, my_row + BM / 2u, my_column, sums.m10); }
  if (TM == 8u && TN == 8u) { store_block(y_start, my_row + BM / 2u, my_column + BN / 2u, sums.m11); }
}
