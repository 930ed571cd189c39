/** The float32 bits of every float16, made when first needed: one look-up a number where arithmetic takes ten steps. */
let halves: Uint32Array | undefined;

export function halfTable(): Uint32Array {
  if (halves) return halves;
  halves = new Uint32Array(0x10000);
  const value = new Float32Array(1);
  const bits = new Uint32Array(value.buffer);
  for (let half = 0; half < 0x10000; half++) {
    const sign = (half & 0x8000) << 16;
    const exponent = (half >> 10) & 31;
    const mantissa = half & 0x3ff;
    if (exponent === 31) bits[0] = 0x7f80_0000 | (mantissa << 13);
    else value[0] = exponent === 0 ? mantissa * 2 ** -24 : (1024 + mantissa) * 2 ** (exponent - 25);
    halves[half] = bits[0]! | sign;
  }
  return halves;
}

/** The numbers of float16 bits. */
export function decodeHalves(halves16: Uint16Array): Float32Array<ArrayBuffer> {
  const table = halfTable();
  const bits = new Uint32Array(halves16.length);
  for (let i = 0; i < bits.length; i++) bits[i] = table[halves16[i]!]!;
  return new Float32Array(bits.buffer);
}
