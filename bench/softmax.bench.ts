import * as reference from '../kernels-test/reference/softmax.js';
import { softmax, softmaxGrad } from '../src/kernels/softmax.js';
import type { Shape } from '../src/tensor/shape.js';
import { checkSamples } from './checks.js';
import { workload, type BenchEntry } from './harness.js';
import { bytesOf, format } from './shapes.js';

/** Classes of pixels, and the rows of attention. */
const shapes: readonly Shape[] = [
  [1, 128, 128, 21],
  [16, 256, 256],
];

export const entries: readonly BenchEntry[] = shapes.flatMap((shape): BenchEntry[] => {
  const axis = shape.length - 1;
  const length = shape[axis]!;
  const line = (x: Float32Array, index: number): Float32Array =>
    x.subarray(Math.floor(index / length) * length, (Math.floor(index / length) + 1) * length);
  const close = { absolute: 1e-6, relative: 1e-5 };
  return [
    {
      kernel: 'softmax',
      label: format(shape),
      work: { bytes: 2 * bytesOf(shape) },
      setup(bench) {
        const x = bench.random('x', shape, { scale: 4 });
        return workload({
          run: () => softmax(x.tensor, axis, false),
          check: (y) =>
            checkSamples(y, (index) => reference.softmax(line(x.data, index), [length], 0)[index % length]!, {
              ...close,
              label: 'softmax',
            }),
        });
      },
    },
    {
      kernel: 'softmaxGrad',
      label: format(shape),
      work: { bytes: 3 * bytesOf(shape) },
      setup(bench) {
        const [y, dy] = [bench.random('y', shape), bench.random('dy', shape)];
        const element = (index: number): number => {
          const slope = line(dy.data, index);
          const total = line(y.data, index).reduce((sum, value, k) => sum + value * slope[k]!, 0);
          return y.data[index]! * (dy.data[index]! - total);
        };
        return workload({
          run: () => softmaxGrad(y.tensor, dy.tensor, axis, false),
          check: (dx) => checkSamples(dx, element, { absolute: 1e-5, relative: 1e-5, label: 'softmax gradient' }),
        });
      },
    },
  ];
});
