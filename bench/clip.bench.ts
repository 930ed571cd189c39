import { assertClose } from '../kernels-test/harness/golden.js';
import { clipCoefficient, clipScale, clipValue } from '../src/kernels/clip.js';
import { fillNormal } from '../src/kernels/random.js';
import type { Tensor } from '../src/tensor/tensor.js';
import { COUNTS, ends, windows } from './flat.js';
import { workload, type BenchEntry } from './harness.js';
import type { Workbench } from './workbench.js';

const blocksOf = (bench: Workbench, count: number): Tensor[] =>
  windows(bench, count).map((length, index) => {
    const gradients = bench.empty('gradients', [length]);
    fillNormal(gradients, 0, 1, 1, index);
    return gradients;
  });

const initialEnds = async (bench: Workbench, like: Tensor, index: number): Promise<Float32Array> => {
  const initial = bench.empty('initial gradients', like.shape);
  fillNormal(initial, 0, 1, 1, index);
  const result = await ends(initial);
  initial.dispose();
  return result;
};

export const entries: readonly BenchEntry[] = Object.entries(COUNTS).flatMap(([network, count]): BenchEntry[] => [
  {
    kernel: 'clipCoefficient',
    label: `${network}, norm of ${count} gradients`,
    work: { bytes: 4 * count },
    setup(bench) {
      const blocks = blocksOf(bench, count);
      let norm: Tensor | null = null;
      return workload({
        run: () => {
          norm?.dispose();
          const result = clipCoefficient(blocks, 1);
          result.coefficient.dispose();
          norm = result.norm.keep();
        },
        check: async () => {
          let squares = 0;
          for (const block of blocks) for (const each of await block.data()) squares += each * each;
          assertClose([await norm!.item()], [Math.sqrt(squares)], { relative: 1e-5, label: 'norm' });
        },
      });
    },
  },
  {
    kernel: 'clipScale',
    label: `${network}, ${count} gradients`,
    work: { bytes: 2 * 4 * count },
    setup(bench) {
      const blocks = blocksOf(bench, count);
      const half = bench.empty('coefficient', []);
      half.write(new Float32Array([0.5]));
      return workload({
        run: () => blocks.forEach((block) => clipScale(block, half)),
        check: async () => {
          for (const [index, block] of blocks.entries()) {
            const expected = (await initialEnds(bench, block, index)).map((each) => each / 2);
            assertClose(await ends(block), expected, { label: `window ${index}` });
          }
        },
      });
    },
  },
  {
    kernel: 'clipValue',
    label: `${network}, ${count} gradients`,
    work: { bytes: 2 * 4 * count },
    setup(bench) {
      const blocks = blocksOf(bench, count);
      return workload({
        run: () => blocks.forEach((block) => clipValue(block, 0.5)),
        check: async () => {
          for (const [index, block] of blocks.entries()) {
            const expected = (await initialEnds(bench, block, index)).map((each) => Math.max(-0.5, Math.min(0.5, each)));
            assertClose(await ends(block), expected, { label: `window ${index}` });
          }
        },
      });
    },
  },
]);
