/**
 * pix2pix's learning-rate schedule: constant for the first half of the epochs, or all but the last `falling` of them, then linear
 * towards zero.
 * As in the reference, the rate of epoch e (from 0) is base * (1 - max(0, e + 1 - constant) / (decay + 1)), so
 * that the last epoch still learns a little.
 *
 * @param falling the last epochs, in which it falls; by default half of all
 */
export function linearDecay({
  base,
  epoch,
  epochs,
  falling: decayEpochs = Math.floor(epochs / 2),
}: {
  base: number;
  epoch: number;
  epochs: number;
  falling?: number;
}): number {
  const constantEpochs = epochs - decayEpochs;
  return base * (1 - Math.max(0, epoch + 1 - constantEpochs) / (decayEpochs + 1));
}
