// What is no number, or infinite, told by its bits: a compiler may take it that there is no such number, and some drivers'
// exponentials make one of it.
fn is_nan(value: f32) -> bool { return (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u; }
fn is_positive_infinity(value: f32) -> bool { return bitcast<u32>(value) == 0x7f800000u; }
fn is_negative_infinity(value: f32) -> bool { return bitcast<u32>(value) == 0xff800000u; }
