// Moves the running statistics towards those of the batch, in place.
//
//   running_mean[c]     = (1 - momentum) * running_mean[c] + momentum * mean[c]
//   running_variance[c] = (1 - momentum) * running_variance[c] + momentum * (bessel * variance[c])
//
// `bessel` is rows / (rows - 1), which makes the variance unbiased.
// mean, variance (bindings 0 and 1), running_mean, running_variance (bindings 2 and 3): [channels].
// One invocation owns one channel. Dispatch: [x, y, 1] with x * y * 64 >= channels.

struct RunningShape {
  channels: u32,
  mean_base: u32,
  variance_base: u32,
  running_mean_base: u32,
  running_variance_base: u32,
  momentum: f32,
  bessel: f32,
}

@group(0) @binding(0) var<storage, read> mean: array<f32>;
@group(0) @binding(1) var<storage, read> variance: array<f32>;
@group(0) @binding(2) var<storage, read_write> running_mean: array<f32>;
@group(0) @binding(3) var<storage, read_write> running_variance: array<f32>;
@group(0) @binding(4) var<uniform> shape: RunningShape;

fn moved(running: f32, batch: f32) -> f32 {
  return (1.0 - shape.momentum) * running + shape.momentum * batch;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let c = (group.y * groups.x + group.x) * 64u + lane;
  if (c >= shape.channels) { return; }
  let m = shape.running_mean_base + c;
  let v = shape.running_variance_base + c;
  running_mean[m] = moved(running_mean[m], mean[shape.mean_base + c]);
  running_variance[v] = moved(running_variance[v], shape.bessel * variance[shape.variance_base + c]);
}
