// Sizes of a normalisation by groups: what the kernels of norm_*.wgsl share.
//
// A tensor is [images][rows][channels]; the channels form `groups` groups of `group_size` neighbours. What is normalised
// together are all rows of one group of one image: instance norm has as many groups as channels, layer norm one.
// Lanes are the channels in units of `lane` (see batch_norm_lane_*.wgsl); so are bases and strides.
struct NormShape {
  images: u32, rows: u32, lanes: u32,
  groups: u32, group_size: u32,
  chunks: u32, rows_per_chunk: u32,
  x_base: u32, x_image: u32, x_row: u32,
  dy_base: u32, dy_image: u32, dy_row: u32,
  y_base: u32, y_image: u32, y_row: u32,
  epsilon: f32,
}

// What an invocation owns: one lane of one chunk of the rows of one image. Neighbours have neighbouring lanes.
struct Chunk {
  exists: bool,
  image: u32, index: u32, lane: u32,
  first: u32, end: u32,
}

fn chunk_of(group: vec3u, groups: vec3u, lane: u32) -> Chunk {
  let i = (group.y * groups.x + group.x) * 64u + lane;
  let rest = i / shape.lanes;
  let image = rest / shape.chunks;
  let index = rest - image * shape.chunks;
  let first = index * shape.rows_per_chunk;
  return Chunk(image < shape.images, image, index, i - rest * shape.lanes, first, min(first + shape.rows_per_chunk, shape.rows));
}

// Where the statistics of a channel's group lie: [images][groups].
fn group_of(image: u32, channel: u32) -> u32 {
  return image * shape.groups + min(channel / shape.group_size, shape.groups - 1u);
}
