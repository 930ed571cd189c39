// Where a batched matrix product finds its operands: what the variants of matmul*.wgsl share.
//
// a is stored [batch][m][k], or [batch][k][m] if TRANSPOSE_A; b [batch][k][n], or [batch][n][k] if TRANSPOSE_B (both
// prepended). Rows of a matrix lie *_stride apart, matrices *_batch apart, which is 0 where one serves the whole batch.

struct MatmulShape {
  batch: u32, m: u32, n: u32, k: u32,
  a_base: u32, a_stride: u32, a_batch: u32,
  b_base: u32, b_stride: u32, b_batch: u32,
  y_base: u32, y_stride: u32, y_batch: u32,
}

const QUARTET = vec4u(0u, 1u, 2u, 3u);
