// How an elementwise kernel finds its way through tensors of one shape; stretch.wgsl says which elements an invocation
// owns. `element` (prepended) is vec4f when every tensor's rows start and end on multiples of four, else f32; all
// sizes, bases and strides are in units of it.
//
// A binding NAME whose tensor may be f16 holds NAME_element (prepended): `element`, or as many f16; docs/kernels.md says how kernels
// convert.
//
// The tensors are `count` elements in rows of `columns`; rows of one tensor lie `stride` elements apart, because it
// may be a range of the channels of a wider one. STRIDED (prepended) is false when no tensor has such gaps.

// Where element i of a tensor lies in its binding.
fn address(i: u32, columns: u32, base: u32, stride: u32) -> u32 {
  if (STRIDED) { return base + i / columns * stride + i % columns; }
  return base + i;
}
