// What a workgroup of an optimiser's kernel owns where neighbours are updated unlike each other: an entry of a table.
//
// pieces (binding PIECES_BINDING, prepended): [shape.count] of first element, element after the last, where its numbers begin in
// `hyper`, and how they are used.

struct Piece {
  start: u32,
  end: u32,
  hyper: u32,
  kind: u32,
}

@group(0) @binding(PIECES_BINDING) var<storage, read> pieces: array<vec4u>;

fn piece_of(index: u32) -> Piece {
  // A dispatch of two dimensions may have more workgroups than there are pieces.
  if (index >= shape.count) { return Piece(0u, 0u, shape.hyper_base, 0u); }
  let piece = pieces[index];
  return Piece(piece.x, piece.y, shape.hyper_base + piece.z, piece.w);
}
