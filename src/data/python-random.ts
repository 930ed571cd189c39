/** The generator MT19937 of Matsumoto and Nishimura (1998). */
const [SIZE, MIDDLE] = [624, 397];

/** The state that init_by_array() makes of a key of one number. */
function stateOf(seed: number): Uint32Array {
  const state = new Uint32Array(SIZE);
  state[0] = 19650218;
  const mixed = (index: number): number => state[index - 1]! ^ (state[index - 1]! >>> 30);
  for (let index = 1; index < SIZE; index++) state[index] = Math.imul(1812433253, mixed(index)) + index;
  let at = 1;
  const next = (): void => {
    if (++at < SIZE) return;
    state[0] = state[SIZE - 1]!;
    at = 1;
  };
  for (let round = 0; round < SIZE; round++, next()) state[at] = (state[at]! ^ Math.imul(mixed(at), 1664525)) + seed;
  for (let round = 1; round < SIZE; round++, next()) state[at] = (state[at]! ^ Math.imul(mixed(at), 1566083941)) - at;
  state[0] = 0x80000000;
  return state;
}

/** Words of 32 bits, as CPython's `random` draws them after `random.seed(seed)`. */
function words(seed: number): () => number {
  const state = stateOf(seed);
  let at = SIZE;
  return () => {
    if (at === SIZE) {
      for (let index = 0; index < SIZE; index++) {
        const joined = (state[index]! & 0x80000000) | (state[(index + 1) % SIZE]! & 0x7fffffff);
        state[index] = state[(index + MIDDLE) % SIZE]! ^ (joined >>> 1) ^ (joined & 1 ? 0x9908b0df : 0);
      }
      at = 0;
    }
    let word = state[at++]!;
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c5680;
    word ^= (word << 15) & 0xefc60000;
    return (word ^ (word >>> 18)) >>> 0;
  };
}

/**
 * The order into which Python 3 brings so many things: `random.seed(seed); random.shuffle(things)`. Programs that split their data so
 * have the same parts here.
 *
 * @param seed a whole number below 2^32
 * @returns for each place the index of what comes there
 */
export function pythonShuffle(length: number, seed: number): Uint32Array {
  const draw = words(seed);
  const order = Uint32Array.from({ length }, (_, index) => index);
  for (let last = length - 1; last > 0; last--) {
    // randbelow(last + 1): as many bits as that number has, drawn again while they are too large.
    const shift = Math.clz32(last + 1);
    let other = draw() >>> shift;
    while (other > last) other = draw() >>> shift;
    [order[last], order[other]] = [order[other]!, order[last]!];
  }
  return order;
}
