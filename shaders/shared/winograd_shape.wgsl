// How a Winograd convolution cuts an image into tiles. See docs/kernels.md.
//
// The image is NHWC. A step of s takes it apart into s * s phases, the pixels whose row and column have one remainder: phase
// (a, b) is an image of its own. Pixel (i, j) of tile (row, column) of that phase is the image's
//   (origin_h + s * (across * row + i) + a, origin_w + s * (across * column + j) + b).
// Weights are such an image as well: its pixels are the taps, its channels all pairs of an input and an output channel.
struct WinogradShape {
  height: u32, width: u32, channels: u32,
  base: u32, pixel_stride: u32,
  step: u32, across: u32,
  origin_h: i32, origin_w: i32,
  tiles_h: u32, tiles_w: u32,
  // Of all images.
  tiles: u32,
  // Rows of the matrix of each point: the tiles, and rows of zeros that make them a multiple of four where the sum runs over them.
  rows: u32,
  // Matrices of each point, which are to be added: parts of a long sum.
  splits: u32,
  // Columns of a product.
  line: u32,
  has_bias: u32, bias_base: u32,
  // 1 to add to what the image holds.
  accumulate: u32,
}

// What one invocation owns: four channels of one phase of one tile.
struct WinogradTile {
  row: u32, column: u32, channel: u32,
  image: u32,
  // Where pixel (0, 0) of the tile lies.
  top: i32, left: i32,
}

// Invocations in a row that runs along the channels first, then the phases, then the rows of the matrix.
fn tile_at(index: u32) -> WinogradTile {
  let vectors = shape.channels / 4u;
  let columns = vectors * shape.step * shape.step;
  let row = index / columns;
  let column = index - row * columns;
  let phase = column / vectors;
  let line = row / shape.tiles_w;
  let image = line / shape.tiles_h;
  let reach = shape.step * shape.across;
  return WinogradTile(
    row,
    column * 4u,
    (column - phase * vectors) * 4u,
    image,
    shape.origin_h + i32((line - image * shape.tiles_h) * reach + phase / shape.step),
    shape.origin_w + i32((row - line * shape.tiles_w) * reach + phase % shape.step),
  );
}

// Where the first of the four channels of a tile's pixel lies, and whether there is such a pixel.
fn pixel_at(tile: WinogradTile, i: u32, j: u32) -> vec2u {
  let y = tile.top + i32(i * shape.step);
  let x = tile.left + i32(j * shape.step);
  let inside = y >= 0 && y < i32(shape.height) && x >= 0 && x < i32(shape.width) && tile.row < shape.tiles;
  let at = ((tile.image * shape.height + u32(y)) * shape.width + u32(x)) * shape.pixel_stride + tile.channel;
  return vec2u((shape.base + select(0u, at, inside)) / 4u, u32(inside));
}

// Where the first of the four channels of a tile lies in the matrix of a point.
fn point_at(tile: WinogradTile, point: u32) -> u32 {
  return ((point * shape.rows + tile.row) * shape.channels * shape.step * shape.step + tile.column) / 4u;
}
