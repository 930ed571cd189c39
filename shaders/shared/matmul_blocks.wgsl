// Blocks of a batched matrix product whose sizes need be no multiples of four: see shared/matmul_shape.wgsl.
// Past the last term both blocks are zero; past the last row or column they hold anything, and nothing of it is stored.

// Column r: term k + r of rows m to m + 3 of op(a), of the matrix that begins at `start`.
fn a_block(start: u32, m: u32, k: u32) -> mat4x4f {
  if (m >= shape.m || k >= shape.k) { return mat4x4f(); }
  if (TRANSPOSE_A) {
    let at = start + min(k + QUARTET, vec4u(shape.k - 1u)) * shape.a_stride + m;
    let exists = k + QUARTET < vec4u(shape.k);
    let available = shape.m - m;
    return mat4x4f(
      select(vec4f(), load_a(at.x, available), exists.x),
      select(vec4f(), load_a(at.y, available), exists.y),
      select(vec4f(), load_a(at.z, available), exists.z),
      select(vec4f(), load_a(at.w, available), exists.w),
    );
  }
  let at = start + min(m + QUARTET, vec4u(shape.m - 1u)) * shape.a_stride + k;
  let available = shape.k - k;
  return transpose(mat4x4f(load_a(at.x, available), load_a(at.y, available), load_a(at.z, available), load_a(at.w, available)));
}

// Column r: term k + r of columns n to n + 3 of op(b).
fn b_block(start: u32, k: u32, n: u32) -> mat4x4f {
  if (n >= shape.n || k >= shape.k) { return mat4x4f(); }
  if (TRANSPOSE_B) {
    let at = start + min(n + QUARTET, vec4u(shape.n - 1u)) * shape.b_stride + k;
    let available = shape.k - k;
    return transpose(mat4x4f(load_b(at.x, available), load_b(at.y, available), load_b(at.z, available), load_b(at.w, available)));
  }
  let at = start + min(k + QUARTET, vec4u(shape.k - 1u)) * shape.b_stride + n;
  let exists = k + QUARTET < vec4u(shape.k);
  let available = shape.n - n;
  return mat4x4f(
    select(vec4f(), load_b(at.x, available), exists.x),
    select(vec4f(), load_b(at.y, available), exists.y),
    select(vec4f(), load_b(at.z, available), exists.z),
    select(vec4f(), load_b(at.w, available), exists.w),
  );
}

fn store(start: u32, row: u32, column: u32, sum: vec4f) {
  if (row >= shape.m || column >= shape.n) { return; }
  for (var j = 0u; j < min(4u, shape.n - column); j++) {
    y[start + row * shape.y_stride + column + j] = y_element(sum[j]);
  }
}

// Row r of the block is column r of the matrix.
fn store_block(start: u32, row: u32, column: u32, sum: mat4x4f) {
  store(start, row, column, sum[0]);
  store(start, row + 1u, column, sum[1]);
  store(start, row + 2u, column, sum[2]);
  store(start, row + 3u, column, sum[3]);
}
