// Operand A of a matrix-like kernel, for tensors of any channel count: four scalar loads, zero past the row's end.
@group(0) @binding(0) var<storage, read> operand_a: array<f32>;

// Elements [element, element + 4), of which the first `available` belong to the row.
fn load_a(element: u32, available: u32) -> vec4f {
  var value = vec4f(operand_a[element], 0.0, 0.0, 0.0);
  if (available > 1u) { value.y = operand_a[element + 1u]; }
  if (available > 2u) { value.z = operand_a[element + 2u]; }
  if (available > 3u) { value.w = operand_a[element + 3u]; }
  return value;
}
