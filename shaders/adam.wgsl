// One step of Adam (Kingma and Ba 2015) with PyTorch's place for epsilon.
//
//   m[i] = beta1 m[i] + (1 - beta1) g[i]
//   v[i] = beta2 v[i] + (1 - beta2) g[i]^2
//   p[i] = p[i] - rate / (1 - beta1^t) * m[i] / (sqrt(v[i]) / sqrt(1 - beta2^t) + epsilon)      i < count
//
// p (binding 0), m (binding 1), v (binding 2), g (binding 3): [count] without gaps, each from its own base on.
// `element` (prepended) is vec4f when all four allow, else f32; count and bases are in units of it.
// hyper (binding 4): what changes from step to step, so that a recorded step stays right, from hyper_base on:
// [rate, beta1, beta2, epsilon, 1 - beta1^t, sqrt(1 - beta2^t), 1 - beta1, 1 - beta2]. The complements come from
// the host, because 1 - 0.999 in float32 is wrong by 5e-5.
//
// One invocation owns one element. One workgroup: 64 of them. Dispatch: [x, y, 1] with x * y * 64 >= count.

struct AdamShape {
  count: u32,
  p_base: u32, m_base: u32, v_base: u32, g_base: u32,
  hyper_base: u32,
}

@group(0) @binding(0) var<storage, read_write> p: array<element>;
@group(0) @binding(1) var<storage, read_write> m: array<element>;
@group(0) @binding(2) var<storage, read_write> v: array<element>;
@group(0) @binding(3) var<storage, read> g: array<element>;
@group(0) @binding(4) var<storage, read> hyper: array<f32>;
@group(0) @binding(5) var<uniform> shape: AdamShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = invocation_index(group, groups, lane);
  if (i >= shape.count) { return; }
  let h = shape.hyper_base;
  let gradient = g[shape.g_base + i];
  let first = hyper[h + 1u] * m[shape.m_base + i] + hyper[h + 6u] * gradient;
  let second = hyper[h + 2u] * v[shape.v_base + i] + hyper[h + 7u] * gradient * gradient;
  m[shape.m_base + i] = first;
  v[shape.v_base + i] = second;
  let rate = hyper[h] / hyper[h + 4u];
  p[shape.p_base + i] -= rate * first / (sqrt(second) / hyper[h + 5u] + hyper[h + 3u]);
}
