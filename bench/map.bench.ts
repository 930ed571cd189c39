import * as broadcast from '../kernels-test/reference/broadcast.js';
import * as reference from '../kernels-test/reference/functions.js';
import * as binaryFunctions from '../src/kernels/binary-functions.js';
import * as unaryFunctions from '../src/kernels/unary-functions.js';
import { binary, select, unary } from '../src/kernels/map.js';
import type { Shape } from '../src/tensor/shape.js';
import { checkAll, checkSamples } from './checks.js';
import { workload, type BenchEntry } from './harness.js';
import { bytesOf, FEATURES_8, format, IMAGE, SKIP_128 } from './shapes.js';

type Unary = Exclude<keyof typeof unaryFunctions, 'identity' | 'within'>;

/** What functions with options are given: bounds, beta and alpha, as in kernels-test/reference/functions.ts. */
const NUMBERS: Partial<Record<Unary, readonly number[]>> = { clamp: [-0.5, 1.25], softplus: [1], elu: [1] };

/** Functions of one tensor: of many numbers from one that is only a copy to one with much arithmetic; of few numbers all others. */
const few = Object.keys(unaryFunctions).filter((name) => name !== 'identity' && name !== 'within') as Unary[];
const oneTensor = [
  [SKIP_128, ['neg', 'exp', 'log', 'gelu']],
  [FEATURES_8, few],
].flatMap(([shape, names]) =>
  (names as Unary[]).map(
    (name): BenchEntry => ({
      kernel: 'unary',
      label: `${name} ${format(shape as Shape)}`,
      work: { bytes: 2 * bytesOf(shape as Shape) },
      setup(bench) {
        const x = bench.random('x', shape as Shape, { scale: 0.5, offset: 1 });
        return workload({
          run: () => unary(unaryFunctions[name], x.tensor, { numbers: NUMBERS[name] }),
          check: (y) => checkAll(y, (i) => reference.unary[name]!(x.data[i]!), { absolute: 2e-7, relative: 1e-6, label: name }),
        });
      },
    }),
  ),
);

/** Repeating is a copy that reads some numbers often. */
const repeated: BenchEntry = {
  kernel: 'unary',
  label: `expand [128] to ${format(SKIP_128)}`,
  work: { bytes: bytesOf(SKIP_128, [128]) },
  setup(bench) {
    const x = bench.random('x', [128]);
    return workload({
      run: () => unary(unaryFunctions.identity, x.tensor, { shape: SKIP_128 }),
      check: (y) => checkAll(y, (i) => x.data[i % 128]!, { label: 'expand' }),
    });
  },
};

/** The operands as they meet: of one shape, with a number, a vector for each row, a number for each row, one number for all. */
type Binary = keyof typeof reference.binary & keyof typeof binaryFunctions;
const OTHERS = ['sub', 'div', 'minimum', 'equal', 'notEqual', 'greater', 'greaterEqual', 'less', 'lessEqual'] as const;
const meetings: readonly [name: Binary, a: Shape, b: Shape | number][] = [
  ['add', SKIP_128, SKIP_128],
  ['mul', SKIP_128, SKIP_128],
  ['maximum', SKIP_128, SKIP_128],
  ['pow', SKIP_128, SKIP_128],
  ['mul', SKIP_128, 0.75],
  ['add', SKIP_128, [128]],
  ['mul', SKIP_128, [1, 128, 128, 1]],
  ['mul', SKIP_128, [1]],
  ['add', IMAGE, [3]],
  ['mul', FEATURES_8, FEATURES_8],
  ...OTHERS.map((name) => [name, FEATURES_8, FEATURES_8] as [Binary, Shape, Shape]),
];
const twoOperands = meetings.map(
  ([name, left, right]): BenchEntry => ({
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
  }),
);

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

export const entries: readonly BenchEntry[] = [...oneTensor, repeated, ...twoOperands, choice];
