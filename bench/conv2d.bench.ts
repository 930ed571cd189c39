import { conv2dForward, conv2dInputGrad, conv2dWeightGrad } from '../src/kernels/conv2d/conv2d.js';
import { PATCHES } from '../src/kernels/conv2d/patches.js';
import type { WinogradVariant } from '../src/kernels/conv2d/winograd.js';
import { elementCount, formatShape } from '../src/tensor/shape.js';
import { checkSamples } from './checks.js';
import { forwardElement, inputGradElement, weightGradElement, type ConvData } from './conv2d-elements.js';
import { workload, type BenchEntry, type Work } from './harness.js';
import { patchganLayers, unetLayers, type ConvLayer } from './layers.js';
import { bytesOf } from './shapes.js';

const BATCH = 1;
const layers: readonly ConvLayer[] = [
  ...unetLayers({ size: 256, ngf: 64, batch: BATCH }),
  ...patchganLayers({ size: 256, ndf: 64, batch: BATCH }),
];

/** Rounding grows with the number of terms, here products of numbers below 1; Winograd's variants round up to ten times as much. */
const closeAfter = (terms: number, label: string) => ({ absolute: 1e-5 + 4e-7 * terms, relative: 1e-5, label });

/**
 * The three passes of a layer; for a transposed one forward and input gradient change places.
 *
 * @param variant when absent, the one that a network would get
 */
export function convEntries(layer: ConvLayer, variant?: WinogradVariant | typeof PATCHES): BenchEntry[] {
  const kernel = (pass: string): string => `${variant === undefined ? 'conv2d' : variant === PATCHES ? PATCHES : 'winograd'}${pass}`;
  const { name, transposed, bias, input, weight, output, geometry, macs } = layer;
  const work: Work = { flops: 2 * macs, bytes: bytesOf(input, weight, output) };
  const shape = transposed
    ? `${name}: ${formatShape(output)} -> ${formatShape(input)}, transposed`
    : `${name}: ${formatShape(input)} -> ${formatShape(output)}`;
  const label = (pass: string): string => `${shape}, ${pass}${variant ? `, ${variant}` : ''}`;
  const dataOf = (parts: Partial<ConvData>): ConvData => ({
    layer,
    x: new Float32Array(),
    w: new Float32Array(),
    dy: new Float32Array(),
    bias: null,
    ...parts,
  });

  const convolve = (pass: string, withBias: boolean): BenchEntry => ({
    kernel: kernel('Forward'),
    label: label(pass),
    work,
    setup(bench) {
      const x = bench.random('x', input);
      const w = bench.random('w', weight);
      const b = withBias ? bench.random('bias', [output[3]!]) : null;
      const data = dataOf({ x: x.data, w: w.data, bias: b?.data ?? null });
      return workload({
        run: () => conv2dForward(x.tensor, w.tensor, b?.tensor ?? null, geometry, undefined, variant),
        check: (y) => checkSamples(y, (index) => forwardElement(data, index), closeAfter(elementCount(weight) / output[3]!, 'output')),
      });
    },
  });
  const adjoint = (pass: string, withBias: boolean): BenchEntry => ({
    kernel: kernel('InputGrad'),
    label: label(pass),
    work,
    setup(bench) {
      const dy = bench.random('dy', output);
      const w = bench.random('w', weight);
      const b = withBias ? bench.random('bias', [input[3]!]) : null;
      const data = dataOf({ dy: dy.data, w: w.data, bias: b?.data ?? null });
      return workload({
        run: () => conv2dInputGrad(dy.tensor, w.tensor, b?.tensor ?? null, input, geometry, undefined, variant),
        check: (dx) => checkSamples(dx, (index) => inputGradElement(data, index), closeAfter(elementCount(weight) / input[3]!, 'adjoint')),
      });
    },
  });
  const weightGrad: BenchEntry = {
    kernel: kernel('WeightGrad'),
    label: label('weight gradient'),
    work,
    setup(bench) {
      const x = bench.random('x', input);
      const dy = bench.random('dy', output);
      const into = bench.empty('dw', weight);
      const data = dataOf({ x: x.data, dy: dy.data });
      return workload({
        run: () => void conv2dWeightGrad(x.tensor, dy.tensor, weight, geometry, into, false, variant),
        check: () =>
          checkSamples(into, (index) => weightGradElement(data, index), closeAfter(elementCount(output) / output[3]!, 'weight gradient')),
      });
    },
  };
  return transposed
    ? [adjoint('forward', bias), convolve('input gradient', false), weightGrad]
    : [convolve('forward', bias), adjoint('input gradient', false), weightGrad];
}

export const entries: readonly BenchEntry[] = layers.flatMap((layer) => convEntries(layer));
