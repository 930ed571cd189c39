// Moves a running statistic towards that of the batch, in place.
//
//   running[c] = (1 - momentum) * running[c] + momentum * factor * batch[c]
//
// `factor` is 1 for the mean and rows / (rows - 1) for the variance, which makes it unbiased (Bessel).
// batch (binding 0), running (binding 1): [channels].
// One invocation owns one channel. Dispatch: [x, y, 1] with x * y * 64 >= channels.

struct RunningShape {
  channels: u32,
  batch_base: u32,
  running_base: u32,
  momentum: f32,
  factor: f32,
}

@group(0) @binding(0) var<storage, read> batch: array<f32>;
@group(0) @binding(1) var<storage, read_write> running: array<f32>;
@group(0) @binding(2) var<uniform> shape: RunningShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let c = (group.y * groups.x + group.x) * 64u + lane;
  if (c >= shape.channels) { return; }
  let at = shape.running_base + c;
  running[at] = (1.0 - shape.momentum) * running[at] + shape.momentum * (shape.factor * batch[shape.batch_base + c]);
}
