// a^b by the rules of IEEE 754: whole exponents up to 64 by multiplication, all others by exp(b log|a|), which loses a relative
// |b log|a|| 2^-23. A negative base has real powers with whole exponents only.
fn apply(a: element, b: element) -> element {
  let size = abs(a);
  let endless = from_bits(INFINITY_BITS);
  let is_whole = b == floor(b);
  let is_odd = is_whole & (b * 0.5 != floor(b * 0.5));
  var result = precise_exp(b * precise_log(size));
  result = select(result, whole_power(size, b), is_whole & (abs(b) <= element(64.0)) & (size > element()) & (size < endless));
  let below = bitcast<words>(a) >= words(0x80000000u);
  result = select(result, -result, below & is_odd);
  result = select(result, from_bits(NAN_BITS), (a < element()) & (size < endless) & !is_whole);
  result = select(result, a + b, is_nan(a) | is_nan(b));
  return select(result, element(1.0), (b == element()) | (a == element(1.0)) | ((size == element(1.0)) & (abs(b) == endless)));
}

fn whole_power(size: element, b: element) -> element {
  var rest = words(min(abs(b), element(64.0)));
  var power = size;
  var product = element(1.0);
  for (var bit = 0u; bit < 7u; bit++) {
    product = select(product, product * power, (rest & words(1u)) == words(1u));
    power *= power;
    rest = rest >> words(1u);
  }
  return select(product, 1.0 / product, b < element());
}
