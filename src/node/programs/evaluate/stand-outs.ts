import type { RgbImage } from '../../../data/image.js';
import { resizedTo } from '../../../data/resize.js';
import type { EvaluatedSample, EvaluationMetric, MetricValues } from '../../../training/evaluation/metric.js';
import type { StandOut } from '../../report/evaluation-page.js';

/** Samples that are kept as the best of a value, and as the worst. */
const KEPT = 2;
/** Further pictures of one input that are shown. */
const MOST_OUTPUTS = 3;
/** The longer side of a picture that is kept, at most. */
const LONGEST = 256;

interface Kept {
  readonly name: string;
  readonly values: MetricValues;
  readonly pictures: readonly (RgbImage | undefined)[];
  /** Its place among all samples. */
  readonly place: number;
}

/** Keeps the samples that are the best and the worst by each value, with small pictures of them, while all go by. */
export class StandOuts {
  private readonly best = new Map<string, Kept[]>();
  private readonly worst = new Map<string, Kept[]>();
  private readonly higher: ReadonlyMap<string, boolean>;
  private seen = 0;
  /** Undefined before the first picture. */
  private sides: readonly [width: number, height: number] | null | undefined;
  private given = false;
  private outputs = 0;

  constructor(table: readonly EvaluationMetric[]) {
    this.higher = new Map(table.flatMap(({ values }) => Object.entries(values).map(([name, { better }]) => [name, better === 'higher'])));
  }

  /** The sides that all pictures have which were measured, or null where these differ. */
  get size(): readonly [width: number, height: number] | null {
    return this.sides ?? null;
  }

  /** Takes a sample with its values. */
  add(sample: EvaluatedSample, values: MetricValues): void {
    for (const image of [sample.made, sample.real]) {
      if (!image || this.sides === null) continue;
      this.sides ??= [image.width, image.height];
      if (this.sides[0] !== image.width || this.sides[1] !== image.height) this.sides = null;
    }
    const place = this.seen++;
    let kept: Kept | undefined;
    for (const [name, value] of Object.entries(values)) {
      if (Number.isNaN(value)) continue;
      for (const [lists, sign] of [
        [this.best, this.higher.get(name) ? -1 : 1],
        [this.worst, this.higher.get(name) ? 1 : -1],
      ] as const) {
        const list = lists.get(name) ?? [];
        lists.set(name, list);
        const after = list.findIndex((each) => sign * value < sign * each.values[name]!);
        if (after < 0 && list.length >= KEPT) continue;
        kept ??= { name: sample.name, values, place, pictures: this.picturesOf(sample) };
        list.splice(after < 0 ? list.length : after, 0, kept);
        list.length = Math.min(list.length, KEPT);
      }
    }
  }

  /** The headings of the pictures. @param titles of what is given, made and real */
  columns(titles: { readonly given?: string; readonly made: string; readonly real: string }): string[] {
    const more = Array.from({ length: this.outputs }, (_, at) => `${titles.made} ${at + 2}`);
    return [...(this.given ? [titles.given ?? 'Given'] : []), titles.made, titles.real, ...more];
  }

  /** What was kept, the worst of the first value first. */
  list(): StandOut[] {
    const all = new Map<number, Kept>();
    for (const lists of [this.worst, this.best]) for (const list of lists.values()) for (const kept of list) all.set(kept.place, kept);
    // Of samples that are all alike none stands out.
    const differs = (name: string): boolean => this.best.get(name)?.[0]?.values[name] !== this.worst.get(name)?.[0]?.values[name];
    const named = (lists: ReadonlyMap<string, readonly Kept[]>, place: number): string[] =>
      [...lists].flatMap(([name, list]) => (list[0]?.place === place && differs(name) ? [name] : []));
    const [first] = this.worst.keys();
    const sign = first !== undefined && this.higher.get(first) ? 1 : -1;
    return [...all.values()]
      .sort((a, b) => (first === undefined ? 0 : sign * ((a.values[first] ?? 0) - (b.values[first] ?? 0))) || a.place - b.place)
      .map(({ name, values, pictures, place }) => ({
        ...{ name, values, pictures },
        ...{ best: named(this.best, place), worst: named(this.worst, place) },
      }));
  }

  private picturesOf({ given, made, real, outputs = [] }: EvaluatedSample): (RgbImage | undefined)[] {
    const more = outputs.slice(1, 1 + MOST_OUTPUTS);
    this.given ||= given !== undefined;
    this.outputs = Math.max(this.outputs, more.length);
    return [...(given ? [small(given)] : []), made && small(made), real && small(real), ...more.map(small)];
  }
}

function small({ width, height, data }: RgbImage): RgbImage {
  const scale = LONGEST / Math.max(width, height);
  const image = { width, height, data };
  return scale >= 1 ? image : resizedTo(image, [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))]);
}
