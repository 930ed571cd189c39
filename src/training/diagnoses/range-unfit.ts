import type { Diagnosis, PairsSample } from './diagnosis.js';

const SIDES = ['a', 'b'] as const;
/** Outliers of some percent are nothing unusual, and masks whose two values are the ends of their range lie beyond neither. */
const MOST_BEYOND = 0.2;

/** Numbers most of which lie beyond the range that was named for them: the network sees little but its ends. */
export const rangeUnfit: Diagnosis<PairsSample> = {
  name: 'range-unfit',
  title: 'numbers lie beyond their range',
  find({ neighbours }) {
    const pairs = neighbours.flat();
    const found = SIDES.flatMap((side) => {
      const shares = pairs.flatMap(({ [side]: { values } }) => (values?.kind === 'numbers' ? [values.beyond ?? 0] : []));
      const share = shares.reduce((sum, each) => sum + each, 0) / Math.max(shares.length, 1);
      return share > MOST_BEYOND ? [`${Math.round(100 * share)}% of the numbers of half ${side.toUpperCase()}`] : [];
    });
    return found.length === 0 ? undefined : `${found.join(' and ')} lie outside of it, and are brought to its nearer end`;
  },
  tries: () => ['the range that the files have: --in-range MIN,MAX for what is translated, --out-range MIN,MAX for the results'],
};
