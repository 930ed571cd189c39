import * as reference from '../kernels-test/reference/conv2d-direct.js';
import { directForward, directInputGrad, directOutputShape, directWeightGrad, type DirectGeometry } from '../src/kernels/conv2d/direct.js';
import { elementCount, type Shape } from '../src/tensor/shape.js';
import { checkAll } from './checks.js';
import { workload, type BenchEntry } from './harness.js';
import { bytesOf, format } from './shapes.js';

interface Layer {
  readonly name: string;
  readonly input: Shape;
  readonly weight: Shape;
  readonly geometry: DirectGeometry;
}

const SAME = { stride: [1, 1], padding: [1, 1], dilation: [1, 1], groups: 1 } as const;

const layers: readonly Layer[] = [
  { name: 'dilation of 2', input: [1, 32, 32, 64], weight: [3, 3, 64, 64], geometry: { ...SAME, padding: [2, 2], dilation: [2, 2] } },
  { name: '8 groups', input: [1, 32, 32, 128], weight: [3, 3, 16, 128], geometry: { ...SAME, groups: 8 } },
  { name: 'every channel by itself', input: [1, 64, 64, 128], weight: [3, 3, 1, 128], geometry: { ...SAME, groups: 128 } },
];

export const entries: readonly BenchEntry[] = layers.flatMap(({ name, input, weight, geometry }): BenchEntry[] => {
  const output = directOutputShape(input, weight, geometry);
  const label = `${name}: ${format(input)} by ${format(weight)}`;
  const work = { flops: 2 * elementCount(output) * elementCount(weight.slice(0, 3)), bytes: bytesOf(input, weight, output) };
  const close = { absolute: 5e-4, relative: 1e-5 };
  return [
    {
      kernel: 'directForward',
      label,
      work,
      setup(bench) {
        const [x, w] = [bench.random('x', input), bench.random('w', weight)];
        return workload({
          run: () => directForward(x.tensor, w.tensor, null, geometry),
          check: async (y) => {
            const expected = reference.conv2d(x.data, w.data, null, input, weight, output, geometry);
            await checkAll(y, (index) => expected[index]!, { ...close, label: 'forward' });
          },
        });
      },
    },
    {
      kernel: 'directInputGrad',
      label,
      work,
      setup(bench) {
        const [dy, w] = [bench.random('dy', output), bench.random('w', weight)];
        return workload({
          run: () => directInputGrad(dy.tensor, w.tensor, null, input, geometry),
          check: async (dx) => {
            const expected = reference.convTranspose2d(dy.data, w.data, null, input, weight, output, geometry);
            await checkAll(dx, (index) => expected[index]!, { ...close, label: 'input gradient' });
          },
        });
      },
    },
    {
      kernel: 'directWeightGrad',
      label,
      work,
      setup(bench) {
        const [x, dy] = [bench.random('x', input), bench.random('dy', output)];
        return workload({
          run: () => directWeightGrad(x.tensor, dy.tensor, weight, geometry),
          check: async (dw) => {
            const expected = reference.weightGrad(x.data, dy.data, input, weight, output, geometry);
            await checkAll(dw, (index) => expected[index]!, { ...close, label: 'weight gradient' });
          },
        });
      },
    },
  ];
});
