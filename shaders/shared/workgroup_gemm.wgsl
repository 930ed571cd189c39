// A matrix product by tiles in workgroup memory: what the workgroup variants of the three conv kernels share.
//
// One workgroup owns BM x BN elements of the result and takes BK terms of the sum a step: its invocations load both
// operands' tiles once for everyone, A by terms (its row of the tile is one term, BM neighbouring results), so that
// what an invocation reads is whole vectors. One invocation owns TM x TN results (4 or 8 each way) in registers, in
// halves BM / 2 and BN / 2 apart, so that neighbours read neighbouring vectors. Rows in workgroup memory are one
// vector longer than the tile, which spreads them over the banks. Registers hold the next step's blocks while the
// present one is multiplied, so that memory's latency is hidden.
//
// BM, BN, BK, TM, TN (prepended): the tile. A lane loads at most one block of 4 terms x 4 results of each operand, the
// first lanes those of A and the last ones those of B: BM * BK / 16 and BN * BK / 16 are at most LANES.
// Dispatch: see the kernel; whatever the size, guards make the rest of the last tiles zero and leave it unstored.
const LANES = BM / TM * (BN / TN);
const A_BLOCKS = BM * BK / 16u;
const B_BLOCKS = BN * BK / 16u;
const A_ROW = BM / 4u + 1u;
const B_ROW = BN / 4u + 1u;
const QUADS = BK / 4u;

var<workgroup> a_tile: array<vec4f, BK * A_ROW>;
var<workgroup> b_tile: array<vec4f, BK * B_ROW>;

// What an invocation owns: column r of a matrix is result row r, its components are result columns.
struct Sums {
  m00: mat4x4f, m01: mat4x4f,
  m10: mat4x4f, m11: mat4x4f,
}

// Of a lane's results the first row and column within the tile, in quads. The second halves are BM / 8 and BN / 8 on.
fn row_quad(lane: u32) -> u32 { return lane / (BN / TN); }
fn column_quad(lane: u32) -> u32 { return lane % (BN / TN); }

// sum + the outer product of a and b.
fn add_product(sum: mat4x4f, a: vec4f, b: vec4f) -> mat4x4f {
  return mat4x4f(fma(a.xxxx, b, sum[0]), fma(a.yyyy, b, sum[1]), fma(a.zzzz, b, sum[2]), fma(a.wwww, b, sum[3]));
}

// Column r of a block holds term 4 * quad + r of the step, for four neighbouring rows or columns of the result.
fn put_a(quad: u32, rows: u32, block: mat4x4f) {
  let at = 4u * quad * A_ROW + rows;
  a_tile[at] = block[0];
  a_tile[at + A_ROW] = block[1];
  a_tile[at + 2u * A_ROW] = block[2];
  a_tile[at + 3u * A_ROW] = block[3];
}

fn put_b(quad: u32, columns: u32, block: mat4x4f) {
  let at = 4u * quad * B_ROW + columns;
  b_tile[at] = block[0];
  b_tile[at + B_ROW] = block[1];
  b_tile[at + 2u * B_ROW] = block[2];
  b_tile[at + 3u * B_ROW] = block[3];
}

// sums + the product of the two tiles. All lanes have to have put their blocks.
fn add_tiles(lane: u32, sums: Sums) -> Sums {
  let row = row_quad(lane);
  let column = column_quad(lane);
  var m00 = sums.m00; var m01 = sums.m01;
  var m10 = sums.m10; var m11 = sums.m11;
  for (var k = 0u; k < BK; k++) {
    let a0 = a_tile[k * A_ROW + row];
    let b0 = b_tile[k * B_ROW + column];
    m00 = add_product(m00, a0, b0);
    if (TN == 8u) {
      let b1 = b_tile[k * B_ROW + column + BN / 8u];
      m01 = add_product(m01, a0, b1);
      if (TM == 8u) { m11 = add_product(m11, a_tile[k * A_ROW + row + BM / 8u], b1); }
    }
    if (TM == 8u) { m10 = add_product(m10, a_tile[k * A_ROW + row + BM / 8u], b0); }
  }
  return Sums(m00, m01, m10, m11);
}
