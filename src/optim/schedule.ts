/**
 * pix2pix's learning-rate schedule: constant for the first half of the epochs, then linear towards zero.
 * As in the reference, the rate of epoch e (from 0) is base * (1 - max(0, e + 1 - constant) / (decay + 1)), so
 * that the last epoch still learns a little.
 */
export function linearDecay({ base, epoch, epochs }: { base: number; epoch: number; epochs: number }): number {
  const constantEpochs = Math.ceil(epochs / 2);
  const decayEpochs = epochs - constantEpochs;
  return base * (1 - Math.max(0, epoch + 1 - constantEpochs) / (decayEpochs + 1));
}
