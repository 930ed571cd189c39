import { difference, inWords, type Diagnosis, type RunSoFar } from './diagnosis.js';

/** Pauses in a row between which the pictures hardly change. */
const PAUSES = 3;
/** Steps between two measurements, at least. */
const APART = 100;
/** A quarter of a grey level of 255, on the scale of [-1, 1]. Networks that learn move by ten levels and more. */
const HARDLY = 0.002;
/** Below this part of its learning rate a run is meant to come to rest. */
const MOVING = 0.25;

/** The validation pictures stay as they are although the networks are trained. */
export const outputFrozen: Diagnosis<RunSoFar> = {
  name: 'output-frozen',
  title: 'the output is frozen: the pictures of the validation images hardly change any more',
  find({ snapshots, rateShare }) {
    if (rateShare < MOVING) return undefined;
    const apart: (typeof snapshots)[number][] = [];
    for (const snapshot of [...snapshots].reverse()) {
      if (apart.length > PAUSES) break;
      if (apart.length === 0 || apart[apart.length - 1]!.step - snapshot.step >= APART) apart.push(snapshot);
    }
    if (apart.length <= PAUSES) return undefined;
    const changes = apart.slice(1).map(({ outputs }, at) => {
      const pairs = outputs.flatMap((pictures, sample) =>
        pictures.flatMap((picture, column) => {
          const later = apart[at]!.outputs[sample]?.[column];
          return later && later.data.length === picture.data.length ? [difference(picture, later)] : [];
        }),
      );
      return pairs.length === 0 ? Infinity : pairs.reduce((sum, each) => sum + each, 0) / pairs.length;
    });
    const most = Math.max(...changes);
    if (most >= HARDLY) return undefined;
    return `since step ${apart[apart.length - 1]!.step} they changed by ${inWords(most)} (L1 of 2) between measurements at most`;
  },
  tries: ({ lowerRate, settings: { from, clipGrad } }) =>
    [
      `a lower learning rate, if black or white is all there is (--lr ${lowerRate})`,
      !(typeof clipGrad === 'number' && clipGrad <= 1) && 'clipped gradients (--clip-grad 1)',
      typeof from === 'string' ? 'other weights to begin with (--from)' : 'another draw of the weights (--seed)',
    ].filter((text): text is string => text !== false),
};
