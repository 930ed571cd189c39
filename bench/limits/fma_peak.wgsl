// How many fused multiply-adds a second the adapter does when nothing else is in the way.
//
// Every invocation keeps four vectors of four in registers and applies a <- a * factor + addend to each of them
// 4 * rounds times; these sixteen chains do not depend on each other. (On lavapipe more chains or a longer unrolled
// loop spill registers: 110 GFLOP/s with four vectors and four times, 79 with eight times, 63 with eight vectors.)
// With factor 1/2 and addend 1 every number tends to 2, so that
//   result[i] = 16 * 2
// exactly. Work: 64 * rounds FMAs an invocation.
//
// Prepended: nothing. Dispatch: any number of workgroups of 64 invocations; `result` has one element for each.

struct Params {
  rounds: u32,
  factor: f32,
  addend: f32,
}

@group(0) @binding(0) var<storage, read_write> result: array<f32>;
@group(0) @binding(1) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let factor = vec4f(params.factor);
  let addend = vec4f(params.addend);
  var a = vec4f(f32(id.x & 15u));
  var b = a + 1.0;
  var c = a + 2.0;
  var d = a + 3.0;
  for (var round = 0u; round < params.rounds; round++) {
    a = fma(a, factor, addend); b = fma(b, factor, addend); c = fma(c, factor, addend); d = fma(d, factor, addend);
    a = fma(a, factor, addend); b = fma(b, factor, addend); c = fma(c, factor, addend); d = fma(d, factor, addend);
    a = fma(a, factor, addend); b = fma(b, factor, addend); c = fma(c, factor, addend); d = fma(d, factor, addend);
    a = fma(a, factor, addend); b = fma(b, factor, addend); c = fma(c, factor, addend); d = fma(d, factor, addend);
  }
  result[id.x] = dot(a + b + c + d, vec4f(1.0));
}
