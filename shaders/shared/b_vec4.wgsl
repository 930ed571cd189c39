// Operand B of a matrix-like kernel, of f32 or f16 (b_element, prepended), four neighbouring elements at a time, for
// tensors whose rows start and end on multiples of four.
@group(0) @binding(1) var<storage, read> operand_b: array<b_element>;

// Elements [element, element + 4). `available` counts those that belong to the row; here it is always 4 or more.
fn load_b(element: u32, available: u32) -> vec4f {
  return vec4f(operand_b[element / 4u]);
}
