import * as ops from '../../src/autograd/ops.js';
import type { Shape } from '../../src/tensor/shape.js';
import type { Tensor } from '../../src/tensor/tensor.js';

/** What a golden's case says beside its inputs; see scripts/goldens/every_operation.py. */
export type Options = Readonly<Record<string, never>>;

/** An operation of a golden's inputs, followed by its constants. */
type Run = (tensors: readonly Tensor[], options: Options) => Tensor;

const unary =
  (operation: (x: Tensor) => Tensor): Run =>
  ([x]) =>
    operation(x!);
const binary =
  (operation: (a: Tensor, b: Tensor) => Tensor): Run =>
  ([a, b]) =>
    operation(a!, b!);
const withOptions =
  (operation: (x: Tensor, options: never) => Tensor): Run =>
  ([x], options) =>
    operation(x!, options as never);
const loss =
  (operation: (x: Tensor, target: Tensor | number) => Tensor): Run =>
  ([x, target], options) =>
    operation(x!, target ?? options.target!);

/** How each operation is called with what a golden stores of it. */
export const runs: Readonly<Record<string, Run>> = {
  ...Object.fromEntries(
    (
      ['abs', 'copy', 'exp', 'globalAveragePool', 'log', 'neg', 'reciprocal', 'relu', 'sigmoid', 'silu', 'sqrt', 'square', 'tanh'] as const
    ).map((name) => [name, unary((x) => ops[name](x))]),
  ),
  ...Object.fromEntries(
    (['add', 'div', 'maximum', 'minimum', 'mul', 'sub'] as const).map((name) => [name, binary((a, b) => ops[name](a, b))]),
  ),
  ...Object.fromEntries(
    (
      [
        'argmax',
        'argmin',
        'avgPool2d',
        'clamp',
        'gelu',
        'logSoftmax',
        'max',
        'maxPool2d',
        'mean',
        'min',
        'slice',
        'softmax',
        'sum',
        'upsample',
      ] as const
    ).map((name) => [name, withOptions(ops[name] as never)]),
  ),
  // Constant in steps: beside 0 x there is a gradient to differentiate.
  pow: ([a, b], { base, exponent }) => ops.pow(base ?? a!, b ?? exponent ?? a!),
  sign: ([x]) => ops.add(ops.sign(x!), ops.mul(x!, 0)),
  l1Loss: loss(ops.l1Loss),
  mseLoss: loss(ops.mseLoss),
  bceWithLogits: loss(ops.bceWithLogits),
  leakyRelu: ([x], { slope }) => ops.leakyRelu(x!, slope),
  softplus: ([x], { beta }) => ops.softplus(x!, beta),
  elu: ([x], { alpha }) => ops.elu(x!, alpha),
  addScaled: ([a, b], { scales }) => ops.addScaled(a!, b!, scales![0], scales![1]),
  where: ([a, b, condition]) => ops.where(condition!, a!, b!),
  expand: ([x], { shape }) => ops.expand(x!, shape! as Shape),
  reshape: ([x], { shape }) => ops.reshape(x!, shape! as Shape),
  flatten: ([x], { first, last }) => ops.flatten(x!, first, last),
  squeeze: ([x], { axes }) => ops.squeeze(x!, axes),
  unsqueeze: ([x], { axis }) => ops.unsqueeze(x!, axis!),
  permute: ([x], { axes }) => ops.permute(x!, axes!),
  transpose: ([x], { axes }) => ops.transpose(x!, axes![0], axes![1]),
  flip: ([x], { axes }) => ops.flip(x!, axes!),
  sliceChannels: ([x], { range }) => ops.sliceChannels(x!, range![0], range![1]),
  split: ([x], { sizes, axis, part }) => ops.split(x!, sizes!, { axis })[part!]!,
  concat: (tensors, options) => ops.concat(tensors, options),
  stack: (tensors, options) => ops.stack(tensors, options),
  matmul: ([a, b], options) => ops.matmul(a!, b!, options),
  linear: ([x, weight, bias]) => ops.linear(x!, weight!, bias!),
  conv2d: ([x, weight, bias], options) => ops.conv2d(x!, weight!, bias!, options),
  convTranspose2d: ([x, weight, bias], options) => ops.convTranspose2d(x!, weight!, bias!, options),
  crossEntropy: ([logits, labels], options) => ops.crossEntropy(logits!, labels!, options),
  nllLoss: ([logarithms, labels], options) => ops.nllLoss(logarithms!, labels!, options),
  hingeLoss: ([x], { form }) => ops.hingeLoss(x!, form!),
  embedding: ([table, indices]) => ops.embedding(indices!, table!),
  batchNorm: ([x, gamma, beta, mean, variance], options) =>
    ops.batchNorm(x!, gamma!, beta!, { ...options, ...(mean && variance ? { running: { mean, variance } } : {}) }),
  instanceNorm: ([x, gamma, beta]) => ops.instanceNorm(x!, { gamma, beta }),
  groupNorm: ([x, gamma, beta], { groups }) => ops.groupNorm(x!, groups!, { gamma, beta }),
  layerNorm: ([x, gamma, beta]) => ops.layerNorm(x!, gamma!.shape, { gamma, beta }),
  pad: ([x], { padding, ...options }) => ops.pad(x!, padding!, options),
  pixelShuffle: ([x], { factor }) => ops.pixelShuffle(x!, factor!),
  pixelUnshuffle: ([x], { factor }) => ops.pixelUnshuffle(x!, factor!),
};
