import { inWords, lossesOf, meanLoss, type Diagnosis, type RunSoFar } from './diagnosis.js';

/**
 * By adversarial loss: each loss of the discriminator is below the first number, and each of the generator above the second. Of
 * cross-entropies that is a discriminator which gives what is real about 0.99 and what is generated below 0.01; of least squares, 1 and 0
 * to within a tenth. Wasserstein's losses may be of any size and sign.
 */
const WON: Readonly<Record<string, readonly [discriminator: number, generator: number]>> = {
  vanilla: [0.01, 5],
  lsgan: [0.01, 0.9],
  hinge: [0.01, 1],
};
/** Steps that are looked at: the last of them, and of a long run a tenth. */
const STEPS = 500;

/** The means of the last steps, of each loss of the discriminator and of the generator. */
function means(run: RunSoFar): { readonly discriminator: [string, number][]; readonly generator: [string, number][] } | undefined {
  const length = Math.max(STEPS, Math.floor(run.step / 10));
  if (run.step < 2 * STEPS) return undefined;
  const of = (role: 'discriminator' | 'adversarial'): [string, number][] | undefined => {
    const found = lossesOf(run, role).map((name): [string, number | undefined] => [
      run.lossRows[name]!.label,
      meanLoss(run.losses, name, run.step - length, run.step),
    ]);
    return found.length > 0 && found.every((each): each is [string, number] => each[1] !== undefined) ? found : undefined;
  };
  const [discriminator, generator] = [of('discriminator'), of('adversarial')];
  return discriminator && generator && { discriminator, generator };
}

/** The discriminator is right about everything, so that the generator gets nothing from it that depends on the pictures. */
export const discriminatorWon: Diagnosis<RunSoFar> = {
  name: 'discriminator-won',
  title: 'the discriminator has won, and the generator learns little from it',
  find(run) {
    const bars = WON[String(run.settings.ganMode ?? 'vanilla')];
    const seen = bars && means(run);
    if (!seen) return undefined;
    const won = seen.discriminator.every(([, value]) => value < bars[0]) && seen.generator.every(([, value]) => value > bars[1]);
    const words = (some: readonly [string, number][]): string => some.map(([label, value]) => `${label} ${inWords(value)}`).join(', ');
    return won ? `over the last steps ${words(seen.discriminator)}, and ${words(seen.generator)}` : undefined;
  },
  tries({ settings: { ganMode, ndf, labelSmoothing, discriminatorLayers, dSteps, dropout, jitter }, lowerRate }) {
    const some = [
      Number(dSteps ?? 1) > 1 && 'one step of the discriminator for each of the generator (--d-steps 1)',
      `a lower learning rate (--lr ${lowerRate})`,
      labelSmoothing === 0 && (ganMode === 'vanilla' || ganMode === 'lsgan') && 'smoothed labels (--label-smoothing 0.1)',
      ganMode === 'vanilla' && 'least squares (--gan-mode lsgan)',
      typeof ndf === 'number' && ndf > 1 && `a narrower discriminator (--ndf ${Math.max(1, ndf >> 1)})`,
      typeof discriminatorLayers === 'number' &&
        discriminatorLayers > 1 &&
        `smaller patches (--discriminator-layers ${discriminatorLayers - 1})`,
      dropout === false && 'dropout (--dropout)',
      jitter === false && 'random crops and mirroring (--jitter)',
    ];
    return some.filter((text): text is string => text !== false).slice(0, 4);
  },
};
