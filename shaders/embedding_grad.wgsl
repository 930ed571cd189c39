// The adjoint of embedding.wgsl: every row of the table gathers the gradients of the rows that named it, in their order.
//
//   dtable[v, c] = sum over the rows i with index[i] = v, in ascending order, of dy[i, c]
//
// links (binding 0): the lists of embedding_links.wgsl. dy (binding 1): rows dy_stride apart. dtable (binding 2): [entries]
// rows table_stride apart. Columns, bases and strides are in units of `element` (prepended): vec4f where all rows allow it, else f32.
// Which elements an invocation owns and what the dispatch is: see shared/elements.wgsl, for the elements of dtable.

struct EmbeddingGradShape {
  count: u32, columns: u32, entries: u32,
  dy_base: u32, dy_stride: u32,
  table_base: u32, table_stride: u32,
}

@group(0) @binding(0) var<storage, read> links: array<i32>;
@group(0) @binding(1) var<storage, read> dy: array<element>;
@group(0) @binding(2) var<storage, read_write> dtable: array<element>;
@group(0) @binding(3) var<uniform> shape: EmbeddingGradShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let own = stretch(group, groups, lane, shape.count);
  for (var k = own.first; k < own.end; k += 64u) {
    let v = k / shape.columns;
    let c = k - v * shape.columns;
    var sum = element();
    for (var i = links[v]; i >= 0; i = links[shape.entries + u32(i)]) {
      sum += dy[shape.dy_base + u32(i) * shape.dy_stride + c];
    }
    dtable[shape.table_base + v * shape.table_stride + c] = sum;
  }
}
