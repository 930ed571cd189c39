import type { RunSoFar } from './diagnosis.js';

/** The first metric of which small values are good and that a loss of the training is the same as, with that loss. */
export function withTraining({
  lossRows,
  metricRows,
}: Pick<RunSoFar, 'lossRows' | 'metricRows'>): { metric: string; loss: string } | undefined {
  for (const [loss, { metric }] of Object.entries(lossRows)) {
    if (metric !== undefined && metricRows[metric]?.better === 'lower') return { metric, loss };
  }
  return undefined;
}
