// How the WIDTH (prepended) invocations of a workgroup of 64 that own one line together share a sum or a maximum of it:
// with 1 there is nothing to share, with 64 halves of the workgroup meet six times in workgroup memory.
// All invocations of the workgroup have to call these.
var<workgroup> shared_values: array<f32, 64>;

fn share_sum(value: f32, lane: u32) -> f32 {
  if (WIDTH == 1u) { return value; }
  workgroupBarrier();
  shared_values[lane] = value;
  for (var width = 32u; width > 0u; width /= 2u) {
    workgroupBarrier();
    if (lane < width) { shared_values[lane] += shared_values[lane + width]; }
  }
  workgroupBarrier();
  return shared_values[0];
}

fn share_max(value: f32, lane: u32) -> f32 {
  if (WIDTH == 1u) { return value; }
  workgroupBarrier();
  shared_values[lane] = value;
  for (var width = 32u; width > 0u; width /= 2u) {
    workgroupBarrier();
    if (lane < width) { shared_values[lane] = max(shared_values[lane], shared_values[lane + width]); }
  }
  workgroupBarrier();
  return shared_values[0];
}
