// Second half of the gradients of batch norm's scale and shift: adds the chunks of batch_norm_partial_grad.wgsl,
// always in the order of the rows.
//
//   TERM 0: sum[c] = inverse_std[c] * sum over k of partial[k, 0, c]     (gradient of gamma)
//   TERM 1: sum[c] = sum over k of partial[k, 1, c]                      (gradient of beta)
//   gradient[c] = (gradient[c] if ACCUMULATE) + sum[c]
//
// One dispatch a term: two small neighbours in one parameter arena could not both be bound for writing, because
// their ranges, widened to WebGPU's alignment of 256 bytes, would overlap.
//
// partial (binding 0): [chunks][2][channels]. inverse_std (binding 1), gradient (binding 3): [channels].
// sums (binding 2): [2][channels], for the gradient of the input, which must not see what the gradient held before.
// One invocation owns one channel. Dispatch: [x, y, 1] with x * y * 64 >= channels.

struct TermShape {
  channels: u32,
  chunks: u32,
  inverse_std_base: u32,
  gradient_base: u32,
}

@group(0) @binding(0) var<storage, read> partial: array<f32>;
@group(0) @binding(1) var<storage, read> inverse_std: array<f32>;
@group(0) @binding(2) var<storage, read_write> sums: array<f32>;
@group(0) @binding(3) var<storage, read_write> gradient: array<f32>;
@group(0) @binding(4) var<uniform> shape: TermShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let c = (group.y * groups.x + group.x) * 64u + lane;
  if (c >= shape.channels) { return; }
  var sum = 0.0;
  for (var k = 0u; k < shape.chunks; k++) {
    sum += partial[(2u * k + TERM) * shape.channels + c];
  }
  if (TERM == 0u) { sum *= inverse_std[shape.inverse_std_base + c]; }
  sums[TERM * shape.channels + c] = sum;
  let at = shape.gradient_base + c;
  if (ACCUMULATE) {
    gradient[at] += sum;
  } else {
    gradient[at] = sum;
  }
}
