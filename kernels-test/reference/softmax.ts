import { elementAt, indicesOf } from './axes.js';

/** Softmax and the losses on it, in float64. */

/** exp(x - max) / sum along an axis, or its logarithm. */
export function softmax(x: ArrayLike<number>, shape: readonly number[], axis: number, log = false): Float64Array {
  return Float64Array.from({ length: x.length }, (_, i) => {
    const indices = indicesOf(i, shape);
    const line = Array.from(
      { length: shape[axis]! },
      (_, k) =>
        x[
          elementAt(
            indices.map((index, at) => (at === axis ? k : index)),
            shape,
          )
        ]!,
    );
    const largest = Math.max(...line);
    const sum = line.reduce((total, value) => total + Math.exp(value - largest), 0);
    return log ? x[i]! - largest - Math.log(sum) : Math.exp(x[i]! - largest) / sum;
  });
}

/** The losses of the rows of logits [rows][classes] against labels; 0 where ignored. */
export function crossEntropyRows(
  logits: ArrayLike<number>,
  classes: number,
  labels: ArrayLike<number>,
  smoothing = 0,
  ignored = -100,
): Float64Array {
  const logarithms = softmax(logits, [labels.length, classes], 1, true);
  return Float64Array.from(labels, (label, row) => {
    if (label === ignored) return 0;
    const line = logarithms.slice(row * classes, (row + 1) * classes);
    return -(1 - smoothing) * line[label]! - (smoothing / classes) * line.reduce((sum, value) => sum + value, 0);
  });
}

/** Their mean over the rows that are not ignored. */
export function crossEntropy(logits: ArrayLike<number>, classes: number, labels: readonly number[], smoothing = 0, ignored = -100): number {
  const rows = crossEntropyRows(logits, classes, labels, smoothing, ignored);
  return rows.reduce((sum, loss) => sum + loss, 0) / labels.filter((label) => label !== ignored).length;
}

/** Mean over the rows of -sum t log softmax(x), for probabilities t. */
export function softCrossEntropy(logits: ArrayLike<number>, classes: number, targets: ArrayLike<number>): number {
  const rows = logits.length / classes;
  return softmax(logits, [rows, classes], 1, true).reduce((sum, value, i) => sum - value * targets[i]!, 0) / rows;
}
