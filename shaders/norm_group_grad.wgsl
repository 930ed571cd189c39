// Second part of the gradient of a normalisation by groups: the means over each group, chunks in the order of the rows,
// then channels in theirs.
//
//   slopes[n, 0, g] = inverse_std[n, g]^2 / count * sum over the chunks k and channels c of g of products[n, k, c]
//   slopes[n, 1, g] = 1 / count * the same sum of sums[n, k, c]                      count = rows * group_size
//
// partial (binding 0): [images][chunks][2][channels]. inverse_std (binding 1): [images][groups].
// slopes (binding 2): [images][2][groups]. Lanes are single channels here.
// One invocation owns both of one group of one image. Dispatch: [x, y, 1] with x * y * 64 >= images * groups.

@group(0) @binding(0) var<storage, read> partial: array<f32>;
@group(0) @binding(1) var<storage, read> inverse_std: array<f32>;
@group(0) @binding(2) var<storage, read_write> slopes: array<f32>;
@group(0) @binding(3) var<uniform> shape: NormShape;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane_index: u32) {
  let i = (group.y * groups.x + group.x) * 64u + lane_index;
  let image = i / shape.groups;
  if (image >= shape.images) { return; }
  let g = i - image * shape.groups;
  var products = 0.0;
  var sums = 0.0;
  for (var c = g * shape.group_size; c < (g + 1u) * shape.group_size; c++) {
    // Channel by channel, so that no chain of additions is as long as all of them.
    var product = 0.0;
    var sum = 0.0;
    for (var k = 0u; k < shape.chunks; k++) {
      let at = (image * shape.chunks + k) * 2u * shape.lanes + c;
      product += partial[at];
      sum += partial[at + shape.lanes];
    }
    products += product;
    sums += sum;
  }
  let count = f32(shape.rows) * f32(shape.group_size);
  slopes[image * 2u * shape.groups + g] = products * inverse_std[i] * inverse_std[i] / count;
  slopes[(image * 2u + 1u) * shape.groups + g] = sums / count;
}
