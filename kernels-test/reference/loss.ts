/** Losses in float64: means over all elements. */

export function mean(x: ArrayLike<number>): number {
  return meanOf(x, (value) => value);
}

export function l1Loss(prediction: ArrayLike<number>, target: ArrayLike<number>): number {
  return meanOf(prediction, (value, i) => Math.abs(value - target[i]!));
}

export function mseLoss(prediction: ArrayLike<number>, target: ArrayLike<number>): number {
  return meanOf(prediction, (value, i) => (value - target[i]!) ** 2);
}

/** -t log(sigmoid(x)) - (1 - t) log(1 - sigmoid(x)), with log(sigmoid(x)) = -log1p(exp(-x)). */
export function bceWithLogits(logits: ArrayLike<number>, target: number | ArrayLike<number>): number {
  const logSigmoid = (x: number): number => (x > 0 ? -Math.log1p(Math.exp(-x)) : x - Math.log1p(Math.exp(x)));
  return meanOf(logits, (x, i) => {
    const t = typeof target === 'number' ? target : target[i]!;
    return -t * logSigmoid(x) - (1 - t) * logSigmoid(-x);
  });
}

function meanOf(x: ArrayLike<number>, term: (value: number, i: number) => number): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += term(x[i]!, i);
  return sum / x.length;
}
