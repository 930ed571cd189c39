import type { StepLosses } from '../../training/pix2pix-step.js';
import { formatCount } from '../terminal/format.js';
import { lowerLearningRate, type RunSettings } from './settings.js';

/**
 * When the discriminator counts as having won. Its loss is a mean of binary cross-entropies over patches; the loss is
 * also about the probability it gives the wrong answer, and so is its gradient. Below 1e-4 for real and for generated
 * pictures it is wrong about less than one patch in ten thousand, and its gradient is a five-thousandth of what it was
 * at the start (0.5 at a loss of ln 2): nothing it says depends on the pictures any more. Single steps of healthy runs
 * come down to 1e-3 and lower on easy pairs; hundreds in a row, whatever the pair, do not.
 */
export const WON = { loss: 1e-4, steps: 300 } as const;

/** Looks for a discriminator that has won: from then on the generator follows L1 alone, or stands still. */
export class DiscriminatorWatch {
  private below = 0;
  /** The step at which it was certain; undefined as long as it is not. */
  wonAt: number | undefined;

  /** @returns true once, at the step at which it is certain */
  add({ step, discriminatorReal, discriminatorFake }: { readonly step: number } & StepLosses): boolean {
    this.below = discriminatorReal < WON.loss && discriminatorFake < WON.loss ? this.below + 1 : 0;
    if (this.below < WON.steps || this.wonAt !== undefined) return false;
    this.wonAt = step;
    return true;
  }
}

/** What to say of it, with what to try in a new run. */
export function wonWarning(wonAt: number, settings: RunSettings): string {
  const { ndf, dropout, jitter } = settings;
  const tries = [
    `a lower learning rate (--lr ${lowerLearningRate(settings)})`,
    ndf > 1 && `a narrower discriminator (--ndf ${Math.max(1, ndf >> 1)})`,
    !dropout && 'dropout (--dropout)',
    !jitter && 'random crops and mirroring (--jitter)',
  ].filter((text): text is string => text !== false);
  return (
    `by step ${formatCount(wonAt)} the discriminator's losses had been about 0 for ${formatCount(WON.steps)} steps: it has ` +
    `won, and the generator learns nothing more from it. ` +
    `Check that --direction is the one you want; in a new run try ${tries.join(', or ')}, or begin with trained networks (--from)`
  );
}
