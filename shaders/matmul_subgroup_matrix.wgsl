// Batched matrix product: the variant of matmul.wgsl for GPUs with units that multiply small matrices, a subgroup at a time.
//
//   y[b, i, j] = sum over t of op(a)[b, i, t] * op(b)[b, t, j]      0 <= i < m, 0 <= j < n, 0 <= t < k
//
// where op transposes an operand or leaves it as it is, see shared/matmul_shape.wgsl, which also says how a (binding 0)
// and b (binding 1) lie in memory. y (binding 2): [batch][m][n].
//
// A unit multiplies UNIT_M x UNIT_K by UNIT_K x UNIT_N numbers of the type `unit` and adds f32, see shared/subgroup_matrix.wgsl. One
// workgroup of four subgroups owns 64 rows x 64 columns of one product, each subgroup a quarter of it. Of 16 terms at a time the
// workgroup lays both operands into its memory, with zeros where there are none: units know no ends, so that all ends are met there,
// and by the test of each store. Operands are of the type `unit` already, so that nothing is rounded on the way.
// Workgroups in a row run along the columns first, then the rows, then the batch.
// Dispatch: [x, y, 1] with x * y >= batch * ceil(m / 64) * ceil(n / 64).

@group(0) @binding(2) var<storage, read_write> y: array<y_element>;
@group(0) @binding(3) var<uniform> shape: MatmulShape;

// Rows and columns of a workgroup, and the terms that it has in its memory; rows and columns of a subgroup.
const SIDE = 64u;
const TERMS = 16u;
const QUARTER = 32u;
const LANES = 4u * SUBGROUP;
const ROWS = QUARTER / UNIT_M;
const COLUMNS = QUARTER / UNIT_N;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let tiles_n = (shape.n + SIDE - 1u) / SIDE;
  let tiles = tiles_n * ((shape.m + SIDE - 1u) / SIDE);
  let index = group.y * groups.x + group.x;
  let batch = index / tiles;
  if (batch >= shape.batch) { return; }
  let tile = index - batch * tiles;
  let row = tile / tiles_n * SIDE;
  let column = tile % tiles_n * SIDE;
  let a_start = shape.a_base + batch * shape.a_batch;
  let b_start = shape.b_base + batch * shape.b_batch;
  let y_start = shape.y_base + batch * shape.y_batch;
  let subgroup = lane / SUBGROUP;
  let my_row = subgroup / 2u * QUARTER;
  let my_column = subgroup % 2u * QUARTER;

  var sums: array<Sum, ROWS * COLUMNS>;
  for (var k = 0u; k < shape.k; k += TERMS) {
    workgroupBarrier();
    for (var i = lane; i < SIDE * TERMS / 16u; i += LANES) {
      let r = i / (TERMS / 4u) * 4u;
      let t = i % (TERMS / 4u) * 4u;
      let a = a_block(a_start, row + r, k + t);
      for (var c = 0u; c < 4u; c++) {
        for (var j = 0u; j < 4u; j++) { tile_a[(r + j) * TERMS + t + c] = unit(a[c][j]); }
      }
    }
    for (var i = lane; i < SIDE * TERMS / 16u; i += LANES) {
      let t = i / (SIDE / 4u) * 4u;
      let c = i % (SIDE / 4u) * 4u;
      let b = b_block(b_start, k + t, column + c);
      for (var r = 0u; r < 4u; r++) {
        for (var j = 0u; j < 4u; j++) { tile_b[(t + r) * SIDE + c + j] = unit(b[r][j]); }
      }
    }
    workgroupBarrier();
    for (var t = 0u; t < TERMS; t += UNIT_K) {
      for (var r = 0u; r < ROWS; r++) {
        let left = left_at((my_row + r * UNIT_M) * TERMS + t);
        for (var c = 0u; c < COLUMNS; c++) {
          sums[r * COLUMNS + c] = add_product(left, right_at(t * SIDE + my_column + c * UNIT_N), sums[r * COLUMNS + c]);
        }
      }
    }
  }

  // One unit's results of each subgroup at a time, by way of the workgroup's memory: where the lanes have them is the driver's affair.
  let first = subgroup * UNIT_M * UNIT_N;
  for (var r = 0u; r < ROWS; r++) {
    for (var c = 0u; c < COLUMNS; c++) {
      workgroupBarrier();
      put_sum(first, sums[r * COLUMNS + c]);
      workgroupBarrier();
      for (var i = lane % SUBGROUP; i < UNIT_M * UNIT_N; i += SUBGROUP) {
        let at_row = row + my_row + r * UNIT_M + i / UNIT_N;
        let at_column = column + my_column + c * UNIT_N + i % UNIT_N;
        if (at_row < shape.m && at_column < shape.n) { y[y_start + at_row * shape.y_stride + at_column] = y_element(sums_out[first + i]); }
      }
    }
  }
}
