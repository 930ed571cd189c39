import type { Gpu } from '../gpu/gpu.js';
import { Tensor } from '../tensor/tensor.js';
import { conv2dForward, conv2dInputGrad, conv2dWeightGrad } from './conv2d/conv2d.js';
import { convWork, parseConvProblem, problemTensor, type ConvProblem, type ProblemTensor } from './conv2d/problem.js';
import { CONV_VARIANTS, supportsConvVariant, type ConvVariant } from './conv2d/variants.js';
import { batchedMatmul, supportedBatchedVariants, type BatchedVariant } from './batched-matmul.js';
import { copy } from './elementwise.js';
import { matmul, supportedMatmulVariants, type MatmulVariant } from './matmul.js';
import { parseProductProblem, productWork, type ProductProblem } from './product-problem.js';
import { fillUniform } from './random.js';

/** A problem whose variants tune() can time. */
export interface Tunable {
  /** Multiply-adds: the largest problems are tuned first. */
  readonly work: number;
  /** Makes the tensors, with random contents. @param parts gets what is to be disposed, also after an error */
  prepare(gpu: Gpu, parts: Tensor[]): Prepared;
}

/** A problem with its contents. */
export interface Prepared {
  /** The variants that can run. */
  readonly variants: readonly string[];
  /** What each variant computes. */
  readonly result: Tensor;
  /** Dispatches the kernels of a variant. */
  compute(variant: string): void;
}

/** Every kind of problem: each knows its own names. */
const KINDS: readonly ((problem: string) => Tunable | null)[] = [convolution, product];

/** The problem of a name; null for a name that no kind knows. */
export function tunableOf(problem: string): Tunable | null {
  for (const kind of KINDS) {
    const found = kind(problem);
    if (found) return found;
  }
  return null;
}

/** A tensor placed as a problem's, with numbers in [-1, 1]. */
function drawn(gpu: Gpu, problem: ProblemTensor, label: string, stream: number, parts: Tensor[]): Tensor {
  const { whole, tensor } = problemTensor(gpu, problem, `${label} to tune with`);
  parts.push(whole, tensor);
  const numbers = whole.dtype === 'f32' ? whole : Tensor.empty(gpu, whole.shape, 'numbers to tune with');
  fillUniform(numbers, -1, 1, 1, stream);
  if (numbers !== whole) {
    copy(numbers, whole);
    numbers.dispose();
  }
  return tensor;
}

function convolution(name: string): Tunable | null {
  const problem = parseConvProblem(name);
  return problem && { work: convWork(problem), prepare: (gpu, parts) => preparedConvolution(gpu, problem, parts) };
}

function preparedConvolution(gpu: Gpu, problem: ConvProblem, parts: Tensor[]): Prepared {
  const { pass, stride, padding } = problem;
  const [input, weight, output] = (['input', 'weight', 'output'] as const).map((side, stream) =>
    drawn(gpu, problem[side], side, stream, parts),
  ) as [Tensor, Tensor, Tensor];
  const geometry = { stride, padding };
  return {
    variants: CONV_VARIANTS.filter((variant) => supportsConvVariant(pass, variant, { input, weight, output }, problem)),
    result: { forward: output, input_grad: input, weight_grad: weight }[pass],
    compute(name) {
      const variant = name as ConvVariant;
      if (pass === 'forward') conv2dForward(input, weight, null, geometry, output, variant);
      else if (pass === 'input_grad') conv2dInputGrad(output, weight, null, input.shape, geometry, input, variant);
      else conv2dWeightGrad(input, output, weight.shape, geometry, weight, false, variant);
    },
  };
}

function product(name: string): Tunable | null {
  const problem = parseProductProblem(name);
  return problem && { work: productWork(problem), prepare: (gpu, parts) => preparedProduct(gpu, problem, parts) };
}

function preparedProduct(gpu: Gpu, problem: ProductProblem, parts: Tensor[]): Prepared {
  const { kind, transposeA, transposeB, sideBySide } = problem;
  const [a, b, y] = (['a', 'b', 'y'] as const).map((side, stream) => drawn(gpu, problem[side], side, stream, parts)) as [
    Tensor,
    Tensor,
    Tensor,
  ];
  if (kind === 'matmul') {
    const options = { transposeA, transposeB };
    return {
      variants: supportedMatmulVariants(a, b, y, options, problem),
      result: y,
      compute: (variant) => void matmul(a, b, options, y, variant as MatmulVariant),
    };
  }
  const options = { transposeA, transposeB, sideBySide };
  return {
    variants: supportedBatchedVariants(a, b, y, options, problem),
    result: y,
    compute: (variant) => batchedMatmul(a, b, options, problem, y, variant as BatchedVariant),
  };
}
