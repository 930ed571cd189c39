// Operand B of a matrix-like kernel, of f32 or f16 (b_element, prepended), for tensors of any channel count: four scalar
// loads, zero past the row's end.
@group(0) @binding(1) var<storage, read> operand_b: array<b_element>;

// Elements [element, element + 4), of which the first `available` belong to the row.
fn load_b(element: u32, available: u32) -> vec4f {
  // Without branches: past the row's end the last element is loaded again and dropped.
  let last = available - 1u;
  return vec4f(
    f32(operand_b[element]),
    select(0.0, f32(operand_b[element + min(1u, last)]), last >= 1u),
    select(0.0, f32(operand_b[element + min(2u, last)]), last >= 2u),
    select(0.0, f32(operand_b[element + min(3u, last)]), last >= 3u),
  );
}
