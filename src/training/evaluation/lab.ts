import type { RgbImage } from '../../data/image.js';
import { labOf } from '../../data/lab.js';
import type { EvaluationMetric } from './metric.js';

/** The channels of CIELAB with the bins of their histograms: one for each unit. */
const CHANNELS = [
  // From 0 to 100; white itself lies in the last one.
  { name: 'lab-l', label: 'L histogram', bins: 100, binOf: (value: number) => Math.floor(value) },
  // As eight-bit files of CIELAB have them: 128 is grey.
  { name: 'lab-a', label: 'a histogram', bins: 256, binOf: (value: number) => Math.round(value + 128) },
  { name: 'lab-b', label: 'b histogram', bins: 256, binOf: (value: number) => Math.round(value + 128) },
] as const;

type Histograms = readonly Float64Array[];

const emptyHistograms = (): Histograms => CHANNELS.map(({ bins }) => new Float64Array(bins));

/** Counts the pixels of an image. */
function count(histograms: Histograms, image: RgbImage): void {
  const lab = labOf(image);
  for (const [channel, { bins, binOf }] of CHANNELS.entries()) {
    const histogram = histograms[channel]!;
    for (let at = channel; at < lab.length; at += 3) histogram[Math.min(bins - 1, Math.max(0, binOf(lab[at]!)))]!++;
  }
}

/** The part of two distributions that they have in common: 1 for equal ones, 0 for those that share no bin. */
function intersection(a: Float64Array, b: Float64Array): number {
  const sum = (counts: Float64Array): number => counts.reduce((total, each) => total + each, 0);
  const [ofA, ofB] = [sum(a), sum(b)];
  return a.reduce((total, each, bin) => total + Math.min(each / ofA, b[bin]! / ofB), 0);
}

/** Whether the colours of all made pictures together are as frequent as those of the real ones. */
export const lab: EvaluationMetric = {
  name: 'lab',
  description: 'how much the histograms of L, a and b of CIELAB, over all made and all real pictures, have in common: 1 at most',
  compares: 'sets',
  values: Object.fromEntries(CHANNELS.map(({ name, label }) => [name, { label, better: 'higher' as const }])),
  begin() {
    const [ofMade, ofReal] = [emptyHistograms(), emptyHistograms()];
    return {
      add({ made, real }) {
        if (made) count(ofMade, made);
        if (real) count(ofReal, real);
        return undefined;
      },
      together: () => Object.fromEntries(CHANNELS.map(({ name }, at) => [name, intersection(ofMade[at]!, ofReal[at]!)])),
    };
  },
};
