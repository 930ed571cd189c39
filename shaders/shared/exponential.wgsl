// Exponential and logarithm to within two or three units in the last place, on every driver. WGSL asks less of its own:
// exp(x) may be off by 2|x| units, and log(x) near x = 1 by 2^-21, which is all of it.
// `element`, `words`, `whole` and `truth` (prepended) are vec4f, vec4u, vec4i and vec4<bool>, or f32, u32, i32 and bool.

fn is_nan(x: element) -> truth {
  return (bitcast<words>(x) & words(0x7fffffffu)) > words(0x7f800000u);
}

// A number by its bits: infinities and NaNs cannot be written as constants.
fn from_bits(pattern: u32) -> element {
  return element(bitcast<f32>(pattern));
}

const INFINITY_BITS = 0x7f800000u;
const NAN_BITS = 0x7fc00000u;

// ln 2 in two parts: a whole number below 2^15 times the first is exact.
const LN2_HIGH = 0.693359375;
const LN2_LOW = -2.12194440054690583e-4;

// exp(x) = 2^k exp(r) with k whole and |r| <= ln(2) / 2, where the Taylor series leaves out 6e-9.
fn precise_exp(x: element) -> element {
  // Beyond these bounds the result is infinite or zero anyway.
  let bounded = clamp(x, element(-150.0), element(130.0));
  let k = round(bounded * 1.44269504);
  let r = (bounded - k * LN2_HIGH) - k * LN2_LOW;
  let small = 1.0 / 24.0 + r * (1.0 / 120.0 + r * (1.0 / 720.0 + r * (1.0 / 5040.0)));
  let series = 1.0 + r * (1.0 + r * (0.5 + r * (1.0 / 6.0 + r * small)));
  // In two factors: 2^k itself may lie outside the range of float32.
  let exponent = clamp(whole(k), whole(-250), whole(250));
  let half = exponent / 2;
  let result = series * power_of_two(half) * power_of_two(exponent - half);
  return select(result, x, is_nan(x));
}

fn power_of_two(k: whole) -> element {
  return bitcast<element>(words(k + 127) << words(23u));
}

// exp(x) - 1 without the cancellation near zero, where it is the Taylor series; at |x| = 1/4 that leaves out 4e-9 relative.
fn precise_expm1(x: element) -> element {
  let series = x * (1.0 + x * (0.5 + x * (1.0 / 6.0 + x * (1.0 / 24.0 + x * (1.0 / 120.0 + x * (1.0 / 720.0 + x * (1.0 / 5040.0)))))));
  return select(precise_exp(x) - 1.0, series, abs(x) < element(0.25));
}

// log(1 + f) for -0.3 < f <= 1: with s = f / (2 + f) it is 2 atanh(s) = f - s (f - 2 s^2 / 3 - 2 s^4 / 5 - ...), whose first
// and largest term is exact. |s| <= 1/3 leaves out 1e-9 relative.
fn log_one_plus(f: element) -> element {
  let s = f / (2.0 + f);
  let z = s * s;
  let small = 2.0 / 11.0 + z * (2.0 / 13.0 + z * (2.0 / 15.0 + z * (2.0 / 17.0)));
  let series = z * (2.0 / 3.0 + z * (2.0 / 5.0 + z * (2.0 / 7.0 + z * (2.0 / 9.0 + z * small))));
  return f - s * (f - series);
}

// log(x) = k ln 2 + log(1 + f) with x = 2^k (1 + f) and 1 + f between sqrt(1/2) and sqrt(2).
fn precise_log(x: element) -> element {
  // A number without a leading one is brought into the range of those that have one.
  let tiny = x < element(1.17549435e-38);
  let pattern = bitcast<words>(select(x, x * 8388608.0, tiny));
  let mantissa = bitcast<element>((pattern & words(0x007fffffu)) | words(0x3f800000u));
  let upper = mantissa > element(1.41421356);
  let k = element(whole(pattern >> words(23u)) - 127) + select(element(), element(1.0), upper) - select(element(), element(23.0), tiny);
  let f = select(mantissa, 0.5 * mantissa, upper) - 1.0;
  let result = k * LN2_HIGH + (log_one_plus(f) + k * LN2_LOW);
  let kept = is_nan(x) | (x == from_bits(INFINITY_BITS));
  let limited = select(select(result, -from_bits(INFINITY_BITS), x == element()), x, kept);
  return select(limited, from_bits(NAN_BITS), x < element());
}
