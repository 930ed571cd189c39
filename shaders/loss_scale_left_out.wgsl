// What the kernels of an optimiser know of the scale of the losses, before its step: the scale, whether the step is left out, and of
// each parameter how many of its steps have been, this one among them.
//
//   own[0] = state[0], own[2] = state[2]
//   own[3 + i] = own[3 + i] + state[2] due[i]      i < count
//
// state (binding 0): the numbers of a LossScale, from state_base on. due (binding 1): [count], from due_base on: 1 for parameters that take
// part in the step, else 0. own (binding 2): [3 + count], from its start.
// An invocation owns one parameter. Dispatch: [x, y, 1] with x * y * 64 >= count.

struct LeftOutShape {
  count: u32,
  state_base: u32,
  due_base: u32,
}

@group(0) @binding(0) var<storage, read> state: array<f32>;
@group(0) @binding(1) var<storage, read> due: array<f32>;
@group(0) @binding(2) var<storage, read_write> own: array<f32>;
@group(0) @binding(3) var<uniform> shape: LeftOutShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * groups.x + group.x) * 64u + lane;
  let found = state[shape.state_base + 2u];
  if (i == 0u) {
    own[0] = state[shape.state_base];
    own[2] = found;
  }
  if (i < shape.count) { own[3u + i] += found * due[shape.due_base + i]; }
}
