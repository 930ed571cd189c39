import { ShadegradError } from '../../errors.js';
import { expectOneDevice, expectFloats, expectTensor } from '../../kernels/elements.js';
import * as kernel from '../../kernels/labels.js';
import { expectOptions } from '../../checks.js';
import { expectShape, formatShape, type Shape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { called } from '../calls.js';
import { rule, track } from '../graph.js';
import { packed } from './axes.js';
import { add, mul } from './binary.js';
import { expectName } from './options.js';
import { sum } from './sum.js';
import { logSoftmax } from './softmax.js';
import { inSingle } from './cast.js';

/** What becomes of the losses of the rows: their mean, their sum, or one loss for each row. */
export type Reduction = 'mean' | 'sum' | 'none';

const REDUCTIONS: readonly Reduction[] = ['mean', 'sum', 'none'];

/** Options of nllLoss(): how losses are put together, and which labels count for nothing. */
export interface NllOptions {
  /** What becomes of the losses of the rows. Default 'mean': over the rows that are not ignored. */
  reduction?: Reduction;
  /** A label whose rows count for nothing. Default -100, as in PyTorch. */
  ignoreIndex?: number;
}

/** Options of crossEntropy(): those of nllLoss(), and the smoothing of the labels. */
export interface CrossEntropyOptions extends NllOptions {
  /** How much of each label is spread evenly over all classes, from 0 to 1. Default 0. */
  labelSmoothing?: number;
}

/** PyTorch's. */
const IGNORED = -100;

/**
 * Takes the cross-entropy of softmax(logits) along the last axis; torch.nn.functional.cross_entropy.
 *
 * @param logits [..., classes] (the classes are the last axis, where PyTorch has them second)
 * @param labels the class of each row, i32 [...]; or the probability of each class, f32 [..., classes], whose gradient flows too. A
 *   label that is no class cannot be refused, being on the device: it makes its row's loss and gradient NaN
 * @returns a tensor of one number, or [...] with the reduction 'none'
 * @throws SHAPE_MISMATCH for labels of another shape; INVALID_ARGUMENT for other types and options, and `ignoreIndex` beside
 *   probabilities
 */
export function crossEntropy(logits: Tensor, labels: Tensor, options: CrossEntropyOptions = {}): Tensor {
  const {
    reduction = 'mean',
    ignoreIndex,
    labelSmoothing = 0,
  } = expectOptions('crossEntropy', options, ['reduction', 'ignoreIndex', 'labelSmoothing']);
  expectPair('crossEntropy', logits, labels);
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) {
    throw new ShadegradError('INVALID_ARGUMENT', 'labelSmoothing of crossEntropy', {
      expected: 'the share of a label that is spread over all classes, from 0 to 1',
      received: String(labelSmoothing),
      fix: 'use a small share such as 0.1',
    });
  }
  expectName('reduction of crossEntropy', REDUCTIONS, reduction);
  const whole = { reduction, ignoreIndex, labelSmoothing };
  return called('crossEntropy', [logits, labels], whole, () => crossEntropyOf(logits, labels, whole));
}

function crossEntropyOf(
  logits: Tensor,
  labels: Tensor,
  { reduction, ignoreIndex, labelSmoothing }: CrossEntropyOptions & Pick<Required<CrossEntropyOptions>, 'reduction' | 'labelSmoothing'>,
): Tensor {
  const classes = logits.channels;
  if (labels.dtype === 'i32') {
    kernel.expectLabels('crossEntropy', labels, logits.shape);
    return nll(logSoftmax(logits), labels, 1 - labelSmoothing, labelSmoothing / classes, ignoreIndex ?? IGNORED, reduction);
  }
  expectShape('probabilities of crossEntropy', logits.shape, labels.shape);
  if (ignoreIndex !== undefined) {
    throw new ShadegradError('INVALID_ARGUMENT', 'ignoreIndex of crossEntropy', {
      expected: 'labels of type i32',
      received: 'probabilities of the classes',
      fix: 'leave it out, or give such rows probabilities of zero',
    });
  }
  const logarithms = logSoftmax(logits);
  const terms = mul(mul(logarithms, labels), labelSmoothing - 1);
  return reduced(labelSmoothing === 0 ? terms : add(terms, mul(logarithms, -labelSmoothing / classes)), reduction);
}

/** @throws USE_AFTER_FREE, INVALID_ARGUMENT, DEVICE_MISMATCH, SHAPE_MISMATCH */
function expectPair(what: string, logits: Tensor, labels: Tensor): void {
  expectTensor(what, 'labels', labels);
  expectTensor(what, 'logits', logits);
  expectFloats(what, { logits });
  expectOneDevice(what, ['logits', logits], ['labels', labels]);
  if (logits.shape.length > 0) return;
  throw new ShadegradError('SHAPE_MISMATCH', `logits of ${what}`, {
    expected: '[..., classes]',
    received: formatShape(logits.shape),
    fix: 'give each class a number along the last axis',
  });
}

/** Sums along the last axis, and their mean or sum. */
function reduced(terms: Tensor, reduction: Reduction): Tensor {
  if (reduction === 'none') return sum(terms, { axes: -1 });
  return reduction === 'sum' ? sum(terms) : mul(sum(terms), 1 / terms.rows);
}

/**
 * Takes the negative log-likelihood: minus the logarithm of the probability of each row's label; torch.nn.functional.nll_loss.
 *
 * @param logProbabilities [..., classes], such as logSoftmax() returns
 * @param labels the class of each row, i32 [...]; one that is no class makes its row's loss and gradient NaN
 * @returns a tensor of one number, or [...] with the reduction 'none'
 * @throws SHAPE_MISMATCH for labels of another shape; INVALID_ARGUMENT for other types and options
 */
export function nllLoss(logProbabilities: Tensor, labels: Tensor, options: NllOptions = {}): Tensor {
  const { reduction = 'mean', ignoreIndex = IGNORED } = expectOptions('nllLoss', options, ['reduction', 'ignoreIndex']);
  expectPair('nllLoss', logProbabilities, labels);
  expectName('reduction of nllLoss', REDUCTIONS, reduction);
  kernel.expectLabels('nllLoss', labels, logProbabilities.shape);
  return called('nllLoss', [logProbabilities, labels], { reduction, ignoreIndex }, () =>
    nll(inSingle(logProbabilities), labels, 1, 0, ignoreIndex, reduction),
  );
}

function nll(logarithms: Tensor, labels: Tensor, on: number, off: number, ignored: number, reduction: Reduction): Tensor {
  if (!(Number.isInteger(ignored) && Math.abs(ignored) < 2 ** 31)) {
    throw new ShadegradError('INVALID_ARGUMENT', 'ignoreIndex', {
      expected: 'a whole number of 32 bits',
      received: String(ignored),
      fix: 'use a label that no class has, such as -100',
    });
  }
  const rows = pick(logarithms, labels, { on: -on, off: -off, ignored });
  if (reduction === 'none') return rows;
  return sum(reduction === 'sum' ? rows : mul(rows, kernel.labelWeights(labels, ignored)));
}

// Both are linear, and each is the adjoint of the other.

function pick(x: Tensor, labels: Tensor, options: kernel.LabelOptions): Tensor {
  return track(
    'pick labels',
    [x],
    kernel.pickLabels(x, labels, options),
    rule([labels], (dy) => [spread(dy, labels, x.shape, options)]),
  );
}

function spread(x: Tensor, labels: Tensor, shape: Shape, options: kernel.LabelOptions): Tensor {
  return track(
    'spread labels',
    [x],
    kernel.spreadLabels(packed(x), labels, shape, options),
    rule([labels], (g) => [pick(g, labels, options)]),
  );
}

/**
 * Makes a row of zeros with a one at each label; torch.nn.functional.one_hot. A label that is no class gets a row of NaN. Labels have
 * no gradient.
 *
 * @param labels i32 [...]
 * @param classes how long a row is
 * @returns f32 [..., classes]
 * @throws INVALID_ARGUMENT for other types, and a number of classes that is none
 */
export function oneHot(labels: Tensor, classes: number): Tensor {
  expectTensor('oneHot', 'labels', labels);
  if (!(Number.isInteger(classes) && classes >= 1)) {
    throw new ShadegradError('INVALID_ARGUMENT', 'classes of oneHot', {
      expected: 'a whole number of at least 1',
      received: String(classes),
      fix: 'pass how many classes there are',
    });
  }
  return called('oneHot', [labels], { classes }, () =>
    kernel.spreadLabels(null, labels, [...labels.shape, classes], { on: 1, off: 0, ignored: null }),
  );
}
