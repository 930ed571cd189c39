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
  // Pixels of the image from one pixel of a tile to the next: the step, or less than zero to read a tile from its end.
  toward: i32,
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
  row: u32, channel: u32,
  // Its number in the matrix of a point, counted in channels.
  element: u32,
  // Where pixel (0, 0) of the tile lies, and the vector there; outside of the image, where it would lie.
  top: i32, left: i32,
  first: i32,
}

// Invocations in a row that runs along the channels first, then the phases, then the rows of the matrix.
fn tile_at(index: u32) -> WinogradTile {
  let vectors = shape.channels / 4u;
  let columns = vectors * shape.step * shape.step;
  let row = index / columns;
  let column = index - row * columns;
  let phase = column / vectors;
  let channel = (column - phase * vectors) * 4u;
  let line = row / shape.tiles_w;
  let image = line / shape.tiles_h;
  let reach = shape.step * shape.across;
  let top = shape.origin_h + i32((line - image * shape.tiles_h) * reach + phase / shape.step);
  let left = shape.origin_w + i32((row - line * shape.tiles_w) * reach + phase % shape.step);
  let pixel = (i32(image * shape.height) + top) * i32(shape.width) + left;
  return WinogradTile(row, channel, index * 4u, top, left, (i32(shape.base + channel) + pixel * i32(shape.pixel_stride)) / 4);
}

// The vector of a tile's pixel, and whether there is such a pixel.
fn pixel_at(tile: WinogradTile, i: u32, j: u32) -> vec2u {
  let down = i32(i) * shape.toward;
  let right = i32(j) * shape.toward;
  // Before the first row or column is far past the last one.
  let inside = u32(tile.top + down) < shape.height && u32(tile.left + right) < shape.width && tile.row < shape.tiles;
  let at = tile.first + (down * i32(shape.width) + right) * i32(shape.pixel_stride / 4u);
  return vec2u(select(0u, u32(at), inside), u32(inside));
}
