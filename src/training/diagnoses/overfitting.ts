import { inWords, meanLoss, type Diagnosis, type RunSoFar } from './diagnosis.js';
import { withTraining } from './with-training.js';

/** Measurements that there have to be, of which so many at a time are averaged: single ones scatter. */
const TIMES = 8;
const AVERAGED = 3;
/** The validation is worse than at its best by this factor, and the training loss below what it was then by that. */
const WORSE = 1.04;
const BETTER = 0.9;
/** Steps around a measurement whose training losses are averaged, at least. */
const STEPS = 100;

/** Validation images come out worse and training images better: the networks learn the training images by heart. */
export const overfitting: Diagnosis<RunSoFar> = {
  name: 'overfitting',
  title: 'the networks learn the training images by heart',
  find(run) {
    const compared = withTraining(run);
    const measured = run.measured.filter(({ step }) => step > 0);
    if (!compared || measured.length < TIMES) return undefined;
    const averages = measured.slice(AVERAGED - 1).map(({ step }, at) => {
      const some = measured.slice(at, at + AVERAGED);
      const value = some.reduce((sum, { metrics }) => sum + metrics[compared.metric]!, 0) / AVERAGED;
      return { first: some[0]!.step, step, value };
    });
    const last = averages[averages.length - 1]!;
    const best = averages.reduce((least, each) => (each.value < least.value ? each : least));
    // The averages of the best and of the last have no measurement in common.
    if (!(best.step < last.first) || !(last.value > WORSE * best.value)) return undefined;
    const span = Math.max(STEPS, last.step - last.first);
    const before = meanLoss(run.losses, compared.loss, best.step - span, best.step);
    const now = meanLoss(run.losses, compared.loss, last.step - span, last.step);
    if (before === undefined || now === undefined || now > BETTER * before) return undefined;
    const { label } = run.metricRows[compared.metric]!;
    return (
      `${label} on validation images has gone from ${inWords(best.value)} about step ${best.step} to ${inWords(last.value)}, ` +
      `and on training images from ${inWords(before)} to ${inWords(now)}`
    );
  },
  tries: ({ settings: { jitter, dropout, best, earlyStop, ngf }, ...run }) =>
    [
      'more training images',
      jitter === false && 'random crops and mirroring (--jitter)',
      dropout === false && 'dropout (--dropout)',
      // What stops early keeps the best.
      typeof best !== 'string' &&
        typeof earlyStop !== 'number' &&
        `the best checkpoint in place of the last (--best ${withTraining(run)?.metric ?? 'METRIC'})`,
      typeof earlyStop !== 'number' && 'an earlier end (--early-stop 5)',
      typeof ngf === 'number' && ngf > 1 && `a narrower generator (--ngf ${Math.max(1, ngf >> 1)})`,
    ].filter((text): text is string => text !== false),
};
