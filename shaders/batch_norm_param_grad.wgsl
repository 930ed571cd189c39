// Second half of the gradients of batch norm's scale and shift: adds the chunks of batch_norm_partial_grad.wgsl,
// always in the order of the rows.
//
//   sums[0, c] = inverse_std[c] * sum over k of partial[k, 0, c]
//   sums[1, c] = sum over k of partial[k, 1, c]
//   gamma_gradient[c] = (gamma_gradient[c] if ACCUMULATE) + sums[0, c],  beta_gradient[c] likewise from sums[1, c]
//
// partial (binding 0): [chunks][2][channels]. inverse_std (binding 1), gamma_gradient (binding 3), beta_gradient
// (binding 4): [channels].
// sums (binding 2): [2][channels], for the gradient of the input, which must not see what the gradients held before.
// One invocation owns one number of sums. Dispatch: [x, y, 1] with x * y * 64 >= 2 * channels.

struct ParamGradShape {
  channels: u32,
  chunks: u32,
  inverse_std_base: u32,
  gamma_base: u32,
  beta_base: u32,
}

@group(0) @binding(0) var<storage, read> partial: array<f32>;
@group(0) @binding(1) var<storage, read> inverse_std: array<f32>;
@group(0) @binding(2) var<storage, read_write> sums: array<f32>;
@group(0) @binding(3) var<storage, read_write> gamma_gradient: array<f32>;
@group(0) @binding(4) var<storage, read_write> beta_gradient: array<f32>;
@group(0) @binding(5) var<uniform> shape: ParamGradShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * groups.x + group.x) * 64u + lane;
  let both = 2u * shape.channels;
  if (i >= both) { return; }
  var sum = 0.0;
  for (var k = 0u; k < shape.chunks; k++) {
    sum += partial[k * both + i];
  }
  if (i < shape.channels) {
    sum *= inverse_std[shape.inverse_std_base + i];
    let at = shape.gamma_base + i;
    if (ACCUMULATE) { gamma_gradient[at] += sum; } else { gamma_gradient[at] = sum; }
  } else {
    let at = shape.beta_base + i - shape.channels;
    if (ACCUMULATE) { beta_gradient[at] += sum; } else { beta_gradient[at] = sum; }
  }
  sums[i] = sum;
}
