import type { LossWatch } from '../training/scheme.js';

/**
 * When the discriminator counts as having won. Its loss is a mean of binary cross-entropies over patches; the loss is
 * also about the probability it gives the wrong answer, and so is its gradient. Below 1e-4 for real and for generated
 * pictures it is wrong about less than one patch in ten thousand, and its gradient is a five-thousandth of what it was
 * at the start (0.5 at a loss of ln 2): nothing it says depends on the pictures any more. Single steps of healthy runs
 * come down to 1e-3 and lower on easy pairs; hundreds in a row, whatever the pair, do not.
 */
export const PIX2PIX_WATCH: LossWatch = {
  losses: ['discriminatorReal', 'discriminatorFake'],
  below: 1e-4,
  steps: 300,
  // Other losses are not about probabilities; Wasserstein's may be of any size and sign.
  when: ({ ganMode, lambdaGan }) => (ganMode ?? 'vanilla') === 'vanilla' && lambdaGan !== 0,
  describe(step, { ndf, dropout, jitter }, lowerRate) {
    const tries = [
      `a lower learning rate (--lr ${lowerRate})`,
      typeof ndf === 'number' && ndf > 1 && `a narrower discriminator (--ndf ${Math.max(1, ndf >> 1)})`,
      !dropout && 'dropout (--dropout)',
      !jitter && 'random crops and mirroring (--jitter)',
    ].filter((text): text is string => text !== false);
    return (
      `by step ${step.toLocaleString('en-US')} the discriminator's losses had been about 0 for ${this.steps} steps: it has ` +
      `won, and the generator learns nothing more from it. ` +
      `Check that --direction is the one you want; in a new run try ${tries.join(', or ')}, or begin with trained networks (--from)`
    );
  },
};
