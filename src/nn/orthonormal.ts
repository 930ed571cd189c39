/** Vectors that are multiplied with as many others at a time: each number is read once for four products. */
const TILE = 4;
/** Columns that are solved for at a time, so that they stay in a cache. */
const COLUMNS = 64;
/**
 * A vector of which less than this share of its square is left beside those before it is all but spanned by them: what rounding leaves
 * would not be perpendicular.
 */
const LEAST_SHARE = 1e-10;

/** Rows of one length in one array, as many as a multiple of TILE; those beyond `count` are zeros. */
interface Rows {
  readonly data: Float64Array;
  readonly count: number;
  readonly length: number;
}

/** Makes rows of zeros. */
export function emptyRows(count: number, length: number): Rows {
  return { data: new Float64Array(Math.ceil(count / TILE) * TILE * length), count, length };
}

/**
 * Makes vectors perpendicular to one another and of length 1, each within what it and those before it span: what Gram and Schmidt's method
 * gives, by Cholesky's of the matrix of their products. That is two products of matrices, several times as fast as one vector after the
 * other. Where there are nearly as many vectors as dimensions, the products say too little of what is left of the last: those go through
 * it twice.
 *
 * @param vectors one a row; they are overwritten
 * @returns false where they all but depend on one another: nothing is to be made of them
 */
export function orthonormalize(vectors: Rows): boolean {
  const { count, length } = vectors;
  for (let pass = 0; pass < (length < 2 * count ? 2 : 1); pass++) {
    const triangle = productsOf(vectors);
    if (!factorize(triangle)) return false;
    solve(triangle, vectors);
  }
  return true;
}

/** The products of rows a..a+3 of one array with rows b..b+3 of another over their first so many numbers, in the order of a. */
function multiplyTile(
  a: Float64Array,
  a0: number,
  aRow: number,
  b: Float64Array,
  b0: number,
  bRow: number,
  length: number,
  to: Float64Array,
): void {
  const a1 = a0 + aRow;
  const a2 = a1 + aRow;
  const a3 = a2 + aRow;
  const b1 = b0 + bRow;
  const b2 = b1 + bRow;
  const b3 = b2 + bRow;
  let s00 = 0,
    s01 = 0,
    s02 = 0,
    s03 = 0;
  let s10 = 0,
    s11 = 0,
    s12 = 0,
    s13 = 0;
  let s20 = 0,
    s21 = 0,
    s22 = 0,
    s23 = 0;
  let s30 = 0,
    s31 = 0,
    s32 = 0,
    s33 = 0;
  for (let at = 0; at < length; at++) {
    const p0 = a[a0 + at]!;
    const p1 = a[a1 + at]!;
    const p2 = a[a2 + at]!;
    const p3 = a[a3 + at]!;
    const q0 = b[b0 + at]!;
    s00 += p0 * q0;
    s10 += p1 * q0;
    s20 += p2 * q0;
    s30 += p3 * q0;
    const q1 = b[b1 + at]!;
    s01 += p0 * q1;
    s11 += p1 * q1;
    s21 += p2 * q1;
    s31 += p3 * q1;
    const q2 = b[b2 + at]!;
    s02 += p0 * q2;
    s12 += p1 * q2;
    s22 += p2 * q2;
    s32 += p3 * q2;
    const q3 = b[b3 + at]!;
    s03 += p0 * q3;
    s13 += p1 * q3;
    s23 += p2 * q3;
    s33 += p3 * q3;
  }
  to.set([s00, s01, s02, s03, s10, s11, s12, s13, s20, s21, s22, s23, s30, s31, s32, s33]);
}

/** The products of all rows with one another, the lower triangle of them. */
function productsOf({ data, count, length }: Rows): Rows {
  const products = emptyRows(count, Math.ceil(count / TILE) * TILE);
  const tile = new Float64Array(TILE * TILE);
  for (let i = 0; i < count; i += TILE) {
    for (let j = 0; j <= i; j += TILE) {
      multiplyTile(data, i * length, length, data, j * length, length, length, tile);
      for (let row = 0; row < TILE; row++) products.data.set(tile.subarray(row * TILE, (row + 1) * TILE), (i + row) * products.length + j);
    }
  }
  return products;
}

/** Cholesky's factor of a symmetric matrix, in the place of its lower triangle. @returns false where there is none */
function factorize({ data, count, length }: Rows): boolean {
  for (let i = 0; i < count; i++) {
    const row = i * length;
    const square = data[row + i]!;
    for (let j = 0; j <= i; j++) {
      const other = j * length;
      let left = data[row + j]!;
      for (let at = 0; at < j; at++) left -= data[row + at]! * data[other + at]!;
      if (j < i) data[row + j] = left / data[other + j]!;
      else if (!(left > LEAST_SHARE * square)) return false;
      else data[row + i] = Math.sqrt(left);
    }
  }
  return true;
}

/** Multiplies rows with the inverse of a lower triangle, from the first to the last. */
function solve(triangle: Rows, { data, count, length }: Rows): void {
  const width = triangle.length;
  const factor = triangle.data;
  // A column of all vectors is a row here.
  const columns = new Float64Array(COLUMNS * width);
  const tile = new Float64Array(TILE * TILE);
  for (let first = 0; first < length; first += COLUMNS) {
    const some = Math.min(COLUMNS, length - first);
    for (let i = 0; i < count; i++) for (let x = 0; x < some; x++) columns[x * width + i] = data[i * length + first + x]!;
    for (let i = 0; i < count; i += TILE) {
      const end = Math.min(i + TILE, count);
      for (let x = 0; x < some; x += TILE) {
        multiplyTile(columns, x * width, width, factor, i * width, width, i, tile);
        for (let column = 0; column < TILE; column++) {
          const place = (x + column) * width;
          for (let row = i; row < end; row++) {
            let left = columns[place + row]! - tile[column * TILE + row - i]!;
            for (let at = i; at < row; at++) left -= factor[row * width + at]! * columns[place + at]!;
            columns[place + row] = left / factor[row * width + row]!;
          }
        }
      }
    }
    for (let i = 0; i < count; i++) for (let x = 0; x < some; x++) data[i * length + first + x] = columns[x * width + i]!;
  }
}
