// Dense linear algebra on the host, in float64: what distances between Gaussians need, and no more. Matrices are rows without gaps.

/** What a symmetric matrix [n, n] without negative eigenvalues is the square of: it is the transpose of `rows` [rank, n] times `rows`. */
export interface Factor {
  readonly rank: number;
  readonly rows: Float64Array;
}

/**
 * Factors a symmetric matrix without negative eigenvalues (Cholesky, the largest pivot first), also one of less than full rank, as the
 * covariance of few samples is. What lies below rounding is left out.
 */
export function factor(matrix: Float64Array, n: number): Factor {
  const left = Float64Array.from({ length: n }, (_, i) => matrix[i * n + i]!);
  const used = new Uint8Array(n);
  const least = n * Number.EPSILON * left.reduce((most, each) => Math.max(most, each), 0);
  const rows = new Float64Array(n * n);
  let rank = 0;
  for (; rank < n; rank++) {
    let pivot = -1;
    for (let i = 0; i < n; i++) if (!used[i] && (pivot < 0 || left[i]! > left[pivot]!)) pivot = i;
    if (!(left[pivot]! > least)) break;
    const row = rows.subarray(rank * n, (rank + 1) * n);
    row.set(matrix.subarray(pivot * n, (pivot + 1) * n));
    for (let k = 0; k < rank; k++) {
      const before = rows.subarray(k * n, (k + 1) * n);
      const share = before[pivot]!;
      if (share !== 0) for (let j = 0; j < n; j++) row[j]! -= share * before[j]!;
    }
    const root = Math.sqrt(left[pivot]!);
    used[pivot] = 1;
    for (let j = 0; j < n; j++) {
      row[j] = used[j] ? 0 : row[j]! / root;
      left[j]! -= row[j]! ** 2;
    }
    row[pivot] = root;
  }
  return { rank, rows: rows.subarray(0, rank * n) };
}

/** The products of all rows of `a` [m, n] with all rows of `b` [k, n]: [m, k]. */
export function rowProducts(a: Float64Array, m: number, b: Float64Array, k: number, n: number): Float64Array {
  const result = new Float64Array(m * k);
  for (let i = 0; i < m; i += 4) {
    // Four rows at a time, so that a row of `b` is fetched a quarter as often; behind the last row, that one again.
    const [r0, r1, r2, r3] = [0, 1, 2, 3].map((each) => Math.min(i + each, m - 1) * n) as [number, number, number, number];
    for (let j = 0; j < k; j++) {
      const start = j * n;
      let [s0, s1, s2, s3] = [0, 0, 0, 0];
      for (let at = 0; at < n; at++) {
        const number = b[start + at]!;
        s0 += a[r0 + at]! * number;
        s1 += a[r1 + at]! * number;
        s2 += a[r2 + at]! * number;
        s3 += a[r3 + at]! * number;
      }
      result[i * k + j] = s0;
      if (i + 1 < m) result[(i + 1) * k + j] = s1;
      if (i + 2 < m) result[(i + 2) * k + j] = s2;
      if (i + 3 < m) result[(i + 3) * k + j] = s3;
    }
  }
  return result;
}

/**
 * The reflection I - scale v v' that takes a vector to a multiple of its first axis: overwrites the vector by v.
 *
 * @returns the scale, 0 for nothing to reflect, and the first number of what the vector becomes
 */
function reflection(vector: Float64Array): { scale: number; first: number } {
  let squares = 0;
  for (let i = 1; i < vector.length; i++) squares += vector[i]! ** 2;
  const head = vector[0]!;
  if (squares === 0) return { scale: 0, first: head };
  // Of the two signs the one that takes nothing from the head.
  const first = -Math.sign(head || 1) * Math.sqrt(head ** 2 + squares);
  vector[0] = head - first;
  return { scale: 2 / (vector[0] ** 2 + squares), first };
}

/**
 * Takes a matrix [m, n], m at least n, to two diagonals with the same singular values (Golub and Kahan 1965). Overwrites the matrix.
 *
 * @returns the numbers of both in turn, as they lie along the way: diagonal, above it, diagonal ...
 */
function bidiagonal(matrix: Float64Array, m: number, n: number): Float64Array {
  const result = new Float64Array(Math.max(0, 2 * n - 1));
  const sums = new Float64Array(n);
  for (let c = 0; c < n; c++) {
    const column = new Float64Array(m - c);
    for (let i = c; i < m; i++) column[i - c] = matrix[i * n + c]!;
    const left = reflection(column);
    result[2 * c] = left.first;
    if (c === n - 1) break;
    sums.fill(0);
    for (let i = c; i < m; i++) {
      const share = column[i - c]! * left.scale;
      if (share !== 0) for (let at = i * n + c + 1, j = c + 1; j < n; at++, j++) sums[j]! += share * matrix[at]!;
    }
    const row = new Float64Array(n - c - 1);
    for (let j = c + 1; j < n; j++) row[j - c - 1] = matrix[c * n + j]! - column[0]! * sums[j]!;
    const right = reflection(row);
    result[2 * c + 1] = right.first;
    // Both reflections in one pass over the matrix: it is larger than the processor's memory.
    for (let i = c + 1; i < m; i++) {
      const share = column[i - c]!;
      let product = 0;
      for (let at = i * n + c + 1, j = c + 1; j < n; at++, j++) {
        const number = matrix[at]! - share * sums[j]!;
        matrix[at] = number;
        product += number * row[j - c - 1]!;
      }
      product *= right.scale;
      if (product !== 0) for (let at = i * n + c + 1, j = 0; j < row.length; at++, j++) matrix[at]! -= product * row[j]!;
    }
  }
  return result;
}

/**
 * The eigenvalues of a symmetric matrix that is zero but for the numbers beside its diagonal: QL steps with implicit shifts (Martin and
 * Wilkinson 1968), without vectors.
 */
function eigenvaluesBesideDiagonal(beside: Float64Array): Float64Array {
  const n = beside.length + 1;
  const values = new Float64Array(n);
  const off = new Float64Array(n);
  off.set(beside);
  const norm = beside.reduce((most, each) => Math.max(most, Math.abs(each)), 0);
  // What is far below the rounding of the whole counts as nothing, also between two eigenvalues of 0.
  const floor = norm * 2 ** -20;
  for (let l = 0; l < n; l++) {
    for (;;) {
      let m = l;
      while (m < n - 1 && Math.abs(off[m]!) > Number.EPSILON * Math.max(Math.abs(values[m]!) + Math.abs(values[m + 1]!), floor)) m++;
      if (m === l) break;
      let g = (values[l + 1]! - values[l]!) / (2 * off[l]!);
      g = values[m]! - values[l]! + off[l]! / (g + Math.sign(g || 1) * Math.hypot(g, 1));
      let [sine, cosine, p] = [1, 1, 0];
      let i = m - 1;
      for (; i >= l; i--) {
        const f = sine * off[i]!;
        const b = cosine * off[i]!;
        const r = Math.sqrt(f * f + g * g);
        off[i + 1] = r;
        if (r === 0) {
          values[i + 1]! -= p;
          off[m] = 0;
          break;
        }
        sine = f / r;
        cosine = g / r;
        g = values[i + 1]! - p;
        const turned = (values[i]! - g) * sine + 2 * cosine * b;
        p = sine * turned;
        values[i + 1] = g + p;
        g = cosine * turned - b;
      }
      if (i >= l) continue;
      values[l]! -= p;
      off[l] = g;
      off[m] = 0;
    }
  }
  return values;
}

/**
 * Sums the singular values of a matrix [m, n]: each is right to the rounding of the largest. Overwrites the matrix.
 */
export function sumOfSingularValues(matrix: Float64Array, m: number, n: number): number {
  if (m === 0 || n === 0) return 0;
  let tall = matrix;
  if (m < n) {
    tall = new Float64Array(matrix.length);
    for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) tall[j * m + i] = matrix[i * n + j]!;
  }
  // Beside the diagonal of a matrix of zeros, the two diagonals make eigenvalues of each singular value, with both signs.
  const values = eigenvaluesBesideDiagonal(bidiagonal(tall, Math.max(m, n), Math.min(m, n)));
  return values.reduce((sum, value) => sum + Math.abs(value), 0) / 2;
}
