import * as reference from '../kernels-test/reference/image-turn.js';
import { imageRotate, imageTurn } from '../src/kernels/image-turn.js';
import { Tensor } from '../src/tensor/tensor.js';
import { checkAll } from './checks.js';
import { workload, type BenchEntry } from './harness.js';

const SIZE = 256;
const SHAPE = [1, SIZE, SIZE, 3] as const;
const work = { bytes: 2 * 4 * SIZE * SIZE * 3 };
const TURN = Float32Array.from([Math.cos(0.1), Math.sin(0.1)]);

const rotations = (['bilinear', 'nearest'] as const).map(
  (mode): BenchEntry => ({
    kernel: 'imageRotate',
    label: `[${SHAPE.join(', ')}], ${mode}`,
    work,
    setup(bench) {
      const images = bench.random('images', SHAPE);
      const draws = bench.own(Tensor.from(bench.gpu, TURN, [1, 2], 'draws'));
      return workload({
        run: () => imageRotate(images.tensor, draws, { mode }),
        check: async (result) => {
          const expected = reference.rotate(images.data, SHAPE, TURN, mode);
          if (mode === 'bilinear') return checkAll(result, (index) => expected[index]!, { absolute: 2e-4, label: 'turned' });
          // Where two pixels are as near as each other to seven digits, either may be taken.
          const values = await result.data();
          const others = values.reduce((count, value, index) => count + Number(value !== Math.fround(expected[index]!)), 0);
          if (others > values.length / 1000) throw new Error(`${others} of ${values.length} values are those of another pixel`);
        },
      });
    },
  }),
);

const turn: BenchEntry = {
  kernel: 'imageTurn',
  label: `[${SHAPE.join(', ')}]`,
  work,
  setup(bench) {
    const images = bench.random('images', SHAPE);
    const draws = bench.own(Tensor.from(bench.gpu, Float32Array.from([1, 0]), [1, 2], 'draws'));
    const at = (row: number, column: number, c: number): number => images.data[(row * SIZE + column) * 3 + c]!;
    return workload({
      run: () => imageTurn(images.tensor, draws),
      check: (result) =>
        checkAll(result, (i) => at(Math.floor(i / 3) % SIZE, SIZE - 1 - Math.floor(i / 3 / SIZE), i % 3), { label: 'turned' }),
    });
  },
};

export const entries: readonly BenchEntry[] = [...rotations, turn];
