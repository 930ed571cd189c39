import { activate } from '../kernels-test/reference/activation.js';
import { activationForward, activationGrad, type Activation } from '../src/kernels/activation.js';
import { checkAll } from './checks.js';
import { workload, type BenchEntry } from './harness.js';
import { FEATURES_8, IMAGE, SKIP_128, bytesOf, format } from './shapes.js';

const SLOPE = 0.2;
const close = { absolute: 2e-6, relative: 1e-5 };

/** Derivatives by what the backward kernel is given: the input of (leaky) ReLU, the output of the others. */
const derivative: Record<Activation, (saved: number) => number> = {
  relu: (x) => (x > 0 ? 1 : 0),
  leakyRelu: (x) => (x > 0 ? 1 : SLOPE),
  tanh: (y) => 1 - y * y,
  sigmoid: (y) => y * (1 - y),
};

const shapes: Record<Activation, readonly (readonly number[])[]> = {
  relu: [SKIP_128, FEATURES_8],
  leakyRelu: [SKIP_128],
  tanh: [IMAGE],
  sigmoid: [IMAGE],
};

export const entries: readonly BenchEntry[] = (Object.keys(shapes) as Activation[]).flatMap((kind) =>
  shapes[kind].flatMap((shape): BenchEntry[] => [
    {
      kernel: 'activationForward',
      label: `${kind} ${format(shape)}`,
      work: { bytes: 2 * bytesOf(shape) },
      setup(bench) {
        const x = bench.random('x', shape, { scale: 3 });
        return workload({
          run: () => activationForward(kind, x.tensor, SLOPE),
          check: (y) => checkAll(y, (index) => activate(kind, x.data[index]!, SLOPE), { ...close, label: kind }),
        });
      },
    },
    {
      kernel: 'activationGrad',
      label: `${kind} ${format(shape)}`,
      work: { bytes: 3 * bytesOf(shape) },
      setup(bench) {
        const saved = bench.random('saved', shape);
        const dy = bench.random('dy', shape);
        return workload({
          run: () => activationGrad(kind, saved.tensor, dy.tensor, SLOPE),
          check: (dx) =>
            checkAll(dx, (index) => derivative[kind](saved.data[index]!) * dy.data[index]!, { ...close, label: `${kind} gradient` }),
        });
      },
    },
  ]),
);
