import type { Diagnosis, PairsSample, RunSoFar } from './diagnosis.js';
import { discriminatorWon } from './discriminator-won.js';
import { labelsBlurred } from './labels-blurred.js';
import { noBetterThanMean } from './no-better-than-mean.js';
import { outputCollapsed } from './output-collapsed.js';
import { outputFrozen } from './output-frozen.js';
import { overfitting } from './overfitting.js';
import { pairsUnmatched } from './pairs-unmatched.js';
import { rangeUnfit } from './range-unfit.js';

/** What a run may suffer from: each looks at its log and its pictures alone. */
export const RUN_DIAGNOSES: readonly Diagnosis<RunSoFar>[] = [
  discriminatorWon,
  outputCollapsed,
  outputFrozen,
  noBetterThanMean,
  overfitting,
];

/** What the pairs of a training may suffer from. */
export const PAIR_DIAGNOSES: readonly Diagnosis<PairsSample>[] = [pairsUnmatched, labelsBlurred, rangeUnfit];
