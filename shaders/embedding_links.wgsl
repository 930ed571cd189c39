// Which rows of a batch name which row of a table, as lists in ascending order, so that a gradient can gather instead of scatter.
//
//   first[v] = the first i with index[i] = v;  next[i] = the next one after i with the same index;  -1 where there is none
//
// CLEAR (prepended): writes -1 everywhere. Otherwise each row looks back for the nearest one with its index: that one's `next`, or
// where there is none the index's `first`, is this row. No two rows write to one place.
//
// index (binding 0): [rows] whole numbers; those outside of the table are in no list. links (binding 1): [entries + rows], first
// and then next. One invocation owns one link (CLEAR) or one row. Dispatch: [x, y, 1] with x * y * 64 >= entries + rows.

struct LinksShape {
  rows: u32, entries: u32,
  index_base: u32,
}

@group(0) @binding(0) var<storage, read> index: array<i32>;
@group(0) @binding(1) var<storage, read_write> links: array<i32>;
@group(0) @binding(2) var<uniform> shape: LinksShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * groups.x + group.x) * 64u + lane;
  if (CLEAR) {
    if (i < shape.entries + shape.rows) { links[i] = -1; }
    return;
  }
  if (i >= shape.rows) { return; }
  let entry = index[shape.index_base + i];
  if (entry < 0 || entry >= i32(shape.entries)) { return; }
  for (var j = i; j > 0u; j--) {
    if (index[shape.index_base + j - 1u] == entry) {
      links[shape.entries + j - 1u] = i32(i);
      return;
    }
  }
  links[entry] = i32(i);
}
