// Rows of a table by their indices.
//
//   y[i, c] = table[index[i], c]
//
// An index outside of the table gives a row of NaN (`invalid`): the device cannot throw, and a result must not hide it.
//
// index (binding 0): [count of rows] whole numbers. table (binding 1): `entries` rows table_stride apart. y (binding 2): rows y_stride
// apart. Columns, bases and strides are in units of `element` (prepended): vec4f where all rows allow it, else f32.
// Which elements an invocation owns and what the dispatch is: see shared/elements.wgsl, for the elements of y.

struct EmbeddingShape {
  count: u32, columns: u32, entries: u32,
  index_base: u32,
  table_base: u32, table_stride: u32,
  y_base: u32, y_stride: u32,
  invalid: f32,
}

@group(0) @binding(0) var<storage, read> index: array<i32>;
@group(0) @binding(1) var<storage, read> table: array<element>;
@group(0) @binding(2) var<storage, read_write> y: array<element>;
@group(0) @binding(3) var<uniform> shape: EmbeddingShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let own = stretch(group, groups, lane, shape.count);
  for (var i = own.first; i < own.end; i += 64u) {
    let row = i / shape.columns;
    let c = i - row * shape.columns;
    let entry = index[shape.index_base + row];
    var value = element(shape.invalid);
    if (entry >= 0 && entry < i32(shape.entries)) { value = table[shape.table_base + u32(entry) * shape.table_stride + c]; }
    y[shape.y_base + row * shape.y_stride + c] = value;
  }
}
