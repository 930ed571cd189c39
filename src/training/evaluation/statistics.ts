import { RandomStream } from '../../random.js';

/** What many values of one kind are like. All are NaN where there are no values. */
export interface Summary {
  /** How many values there are; those that are NaN do not count. */
  readonly count: number;
  /** Their mean. */
  readonly mean: number;
  /** The middle one; of an even number the mean of the middle two. */
  readonly median: number;
  /** Their standard deviation, with n - 1; NaN of a single value, and where one is infinite. */
  readonly deviation: number;
  /**
   * The range in which the means of 95 in 100 sets lie that are drawn from these values (bootstrap, percentiles): how far the mean may be
   * trusted, were the samples others of the same kind.
   */
  readonly interval: readonly [low: number, high: number];
}

/** Sets that are drawn for an interval, and the share of their means that lies in it. */
const RESAMPLES = 1000;
const INSIDE = 0.95;
/** Keeps these draws apart from all others of a seed. */
const STREAM = 0x626f6f74;

/**
 * Summarizes columns of values, one for each sample: mean, median, standard deviation and a bootstrap interval of the mean. The samples
 * that are drawn for the intervals follow from the seed, and are the same for all columns.
 *
 * @param columns of equal lengths; NaN stands for a sample without a value
 */
export function summarizeValues<Name extends string>(columns: Readonly<Record<Name, readonly number[]>>, seed = 0): Record<Name, Summary> {
  const entries = Object.entries(columns) as [Name, readonly number[]][];
  const length = Math.max(0, ...entries.map(([, values]) => values.length));
  const means = entries.map(() => new Float64Array(RESAMPLES));
  for (let resample = 0; resample < RESAMPLES && length > 0; resample++) {
    const stream = new RandomStream(seed, STREAM, resample);
    const drawn = Uint32Array.from({ length }, () => stream.integer(0, length - 1));
    for (const [at, [, values]] of entries.entries()) {
      let [sum, count] = [0, 0];
      for (const index of drawn) {
        const value = values[index]!;
        if (Number.isNaN(value)) continue;
        sum += value;
        count++;
      }
      means[at]![resample] = sum / count;
    }
  }
  return Object.fromEntries(entries.map(([name, values], at) => [name, summaryOf(values, means[at]!)])) as Record<Name, Summary>;
}

function summaryOf(all: readonly number[], means: Float64Array): Summary {
  const values = Float64Array.from(all.filter((value) => !Number.isNaN(value))).sort();
  const count = values.length;
  if (count === 0) return { count, mean: NaN, median: NaN, deviation: NaN, interval: [NaN, NaN] };
  // In the order of the samples, as a mean of them is anywhere else.
  const mean = all.reduce((sum, value) => (Number.isNaN(value) ? sum : sum + value), 0) / count;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const median = (values[(count - 1) >> 1]! + values[count >> 1]!) / 2;
  return { count, mean, median, deviation: count > 1 ? Math.sqrt(squares / (count - 1)) : NaN, interval: intervalOf(means) };
}

/** The percentiles of means, between the nearest two of them. A draw of no value at all has none. */
function intervalOf(means: Float64Array): [number, number] {
  const sorted = means.filter((value) => !Number.isNaN(value)).sort();
  const at = (share: number): number => {
    const place = share * (sorted.length - 1);
    const [low, high] = [sorted[Math.floor(place)]!, sorted[Math.ceil(place)]!];
    return low === high ? low : low + (place - Math.floor(place)) * (high - low);
  };
  return [at((1 - INSIDE) / 2), at((1 + INSIDE) / 2)];
}
