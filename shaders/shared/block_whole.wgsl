// What a workgroup of an optimiser's kernel owns: an equal part of a block of elements that are all updated alike.
//
// KIND (prepended): how they are updated. `shape` has `count` elements in all, `each` for one invocation, and `hyper_base`.

struct Piece {
  start: u32,
  end: u32,
  // where its numbers begin in `hyper`
  hyper: u32,
  kind: u32,
}

fn piece_of(index: u32) -> Piece {
  let stretch = WORKGROUP * shape.each;
  let start = index * stretch;
  return Piece(start, min(start + stretch, shape.count), shape.hyper_base, KIND);
}
