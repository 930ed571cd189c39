import { inWords, meanLoss, type Diagnosis, type RunSoFar } from './diagnosis.js';
import { withTraining } from './with-training.js';

/** Steps before which nothing is said, and the measurements in a row that say it. */
const STEPS = 2000;
const TIMES = 3;
/**
 * Both on training and on validation images the loss is no smaller than this part of what the mean photo scores, and no other metric is
 * better than its by as much. A loss alone says little: pictures with everything in its place, and sharp, are often no nearer by L1 than
 * the blurred mean is (facades at 64 pixels after 2,500 steps: L1 0.319 and 0.321, SSIM 0.308 and 0.143).
 */
const PART = 0.97;
/** The weight of the reconstruction beside the adversarial loss in the paper of pix2pix; more has been tried of it than of any other. */
const PAPERS_LAMBDA = 100;

/** The generator has learned no more than what all pictures have in common. */
export const noBetterThanMean: Diagnosis<RunSoFar> = {
  name: 'no-better-than-mean',
  title: 'the generator does no better than one that ignores its input',
  find(run) {
    const { step, baseline, measured } = run;
    const last = measured.slice(-TIMES);
    const compared = withTraining(run);
    const level = compared && baseline?.metrics[compared.metric];
    if (level === undefined || !(level > 0) || step < STEPS || last.length < TIMES || last[0]!.step < STEPS / 2) return undefined;
    const training = meanLoss(run.losses, compared!.loss, step - STEPS / 2, step);
    const values = last.map(({ metrics }) => metrics[compared!.metric]!);
    if (training === undefined || training < PART * level || !values.every((value) => value >= PART * level)) return undefined;
    const latest = last[TIMES - 1]!.metrics;
    const better = Object.entries(run.metricRows).some(([name, row]) => {
      const [own, ofMean] = [latest[name]!, baseline!.metrics[name]!];
      return row.better === 'lower' ? own < PART * ofMean : own > ofMean / PART;
    });
    if (better) return undefined;
    const { label } = run.metricRows[compared!.metric]!;
    return (
      `${label} is ${inWords(values[values.length - 1]!)} on validation and ${inWords(training)} on training images, ` +
      `of the ${baseline!.name} ${inWords(level)}`
    );
  },
  tries: ({ lowerRate, settings: { lambda, lambdaGan } }) =>
    [
      'a look at the pairs: do they belong together, and is --direction the one you want',
      `a lower learning rate (--lr ${lowerRate})`,
      typeof lambda === 'number' &&
        lambda < PAPERS_LAMBDA &&
        lambdaGan !== 0 &&
        `a larger weight of the reconstruction (--lambda ${PAPERS_LAMBDA}, that of the paper)`,
    ].filter((text): text is string => text !== false),
};
