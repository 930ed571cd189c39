// What batch_norm_apply.wgsl needs of running statistics.
//
//   inverse_std[c] = 1 / sqrt(variance[c] + epsilon)
//
// variance (binding 0), inverse_std (binding 1): [channels].
// One invocation owns one channel. Dispatch: [x, y, 1] with x * y * 64 >= channels.

struct VarianceShape {
  channels: u32,
  variance_base: u32,
  epsilon: f32,
}

@group(0) @binding(0) var<storage, read> variance: array<f32>;
@group(0) @binding(1) var<storage, read_write> inverse_std: array<f32>;
@group(0) @binding(2) var<uniform> shape: VarianceShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let c = (group.y * groups.x + group.x) * 64u + lane;
  if (c >= shape.channels) { return; }
  inverse_std[c] = inverseSqrt(variance[shape.variance_base + c] + shape.epsilon);
}
