import * as broadcast from '../kernels-test/reference/broadcast.js';
import * as reference from '../kernels-test/reference/functions.js';
import { binaryFunctions, unaryFunctions } from '../src/kernels/functions.js';
import { binary, select, unary } from '../src/kernels/map.js';
import type { Shape } from '../src/tensor/shape.js';
import { checkAll, checkSamples } from './checks.js';
import { workload, type BenchEntry } from './harness.js';
import { bytesOf, FEATURES_8, format, IMAGE, SKIP_128 } from './shapes.js';

/** Functions of one tensor, from one that is only a copy to one with much arithmetic. */
const oneTensor = [SKIP_128, FEATURES_8].flatMap((shape) =>
  (['neg', 'exp', 'log', 'gelu'] as const).map((name): BenchEntry => ({
    kernel: 'unary',
    label: `${name} ${format(shape)}`,
    work: { bytes: 2 * bytesOf(shape) },
    setup(bench) {
      const x = bench.random('x', shape, { scale: 0.5, offset: 1 });
      return workload({
        run: () => unary(unaryFunctions[name], x.tensor),
        check: (y) => checkAll(y, (i) => reference.unary[name]!(x.data[i]!), { absolute: 2e-7, relative: 4e-7, label: name }),
      });
    },
  })),
);

/** The operands as they meet: of one shape, with a number, a vector for each row, a number for each row, one number for all. */
const meetings: readonly [name: 'add' | 'mul' | 'maximum' | 'pow', a: Shape, b: Shape | number][] = [
  ['add', SKIP_128, SKIP_128], ['mul', SKIP_128, SKIP_128], ['maximum', SKIP_128, SKIP_128], ['pow', SKIP_128, SKIP_128],
  ['mul', SKIP_128, 0.75], ['add', SKIP_128, [128]], ['mul', SKIP_128, [1, 128, 128, 1]], ['mul', SKIP_128, [1]],
  ['add', IMAGE, [3]], ['mul', FEATURES_8, FEATURES_8],
];
const twoOperands = meetings.map(([name, left, right]): BenchEntry => ({
  kernel: 'binary',
  label: `${name} ${format(left)} and ${typeof right === 'number' ? right : format(right)}`,
  work: { bytes: 2 * bytesOf(left) + (typeof right === 'number' ? 0 : bytesOf(right)) },
  setup(bench) {
    const a = bench.random('a', left, { scale: 0.5, offset: 1 });
    const b = typeof right === 'number' ? right : bench.random('b', right);
    const operand = typeof b === 'number' ? { data: [b], shape: [] } : { data: b.data, shape: b.tensor.shape };
    return workload({
      run: () => binary(binaryFunctions[name], a.tensor, typeof b === 'number' ? b : b.tensor),
      check: async (y) => {
        const expected = broadcast.map(reference.binary[name]! as (...all: number[]) => number, [{ data: a.data, shape: left }, operand]);
        await checkSamples(y, (i) => expected[i]!, { absolute: 1e-6, relative: 2e-6, label: name });
      },
    });
  },
}));

const choice: BenchEntry = {
  kernel: 'select',
  label: `where of three ${format(SKIP_128)}`,
  work: { bytes: 4 * bytesOf(SKIP_128) },
  setup(bench) {
    const [c, a, b] = ['c', 'a', 'b'].map((name) => bench.random(name, SKIP_128));
    return workload({
      run: () => select(c!.tensor, a!.tensor, b!.tensor),
      check: (y) => checkAll(y, (i) => (c!.data[i] !== 0 ? a! : b!).data[i]!, { label: 'where' }),
    });
  },
};

export const entries: readonly BenchEntry[] = [...oneTensor, ...twoOperands, choice];
