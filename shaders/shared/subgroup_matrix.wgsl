// What matmul_subgroup_matrix.wgsl asks of units that multiply matrices: all that is written in the words of the extension
// chromium_experimental_subgroup_matrix, so that this file alone changes when they do.

alias Left = subgroup_matrix_left<unit, UNIT_K, UNIT_M>;
alias Right = subgroup_matrix_right<unit, UNIT_N, UNIT_K>;
alias Sum = subgroup_matrix_result<f32, UNIT_N, UNIT_M>;

var<workgroup> tile_a: array<unit, SIDE * TERMS>;
var<workgroup> tile_b: array<unit, TERMS * SIDE>;
var<workgroup> sums_out: array<f32, 4u * UNIT_M * UNIT_N>;

// UNIT_M rows x UNIT_K terms of a.
fn left_at(at: u32) -> Left { return subgroupMatrixLoad<Left, row_major>(&tile_a, at, TERMS); }

// UNIT_K terms x UNIT_N columns of b.
fn right_at(at: u32) -> Right { return subgroupMatrixLoad<Right, row_major>(&tile_b, at, SIDE); }

fn add_product(left: Left, right: Right, sum: Sum) -> Sum { return subgroupMatrixMultiplyAccumulate(left, right, sum); }

fn put_sum(at: u32, sum: Sum) { subgroupMatrixStore<row_major>(&sums_out, at, sum, UNIT_N); }
