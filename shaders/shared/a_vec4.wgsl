// Operand A of a matrix-like kernel, of f32 or f16 (a_element, prepended), four neighbouring elements at a time, for
// tensors whose rows start and end on multiples of four.
@group(0) @binding(0) var<storage, read> operand_a: array<a_element>;

// Elements [element, element + 4). `available` counts those that belong to the row; here it is always 4 or more.
fn load_a(element: u32, available: u32) -> vec4f {
  return vec4f(operand_a[element / 4u]);
}
