import { pairAt, type PairedDataset } from '../../data/dataset.js';
import type { ImagePair } from '../../data/image.js';
import { spread } from '../../data/spread.js';
import { asPairs } from '../../data/unpaired.js';
import { ShadegradError } from '../../errors.js';
import type { TrainingDataset } from '../batches.js';
import { findAll, type Finding, type PairsSample } from '../diagnoses/diagnosis.js';
import { PAIR_DIAGNOSES, RUN_DIAGNOSES } from '../diagnoses/registry.js';
import { lossRows, type Baseline, type TrainingScheme } from '../scheme.js';
import { warningOf } from './loop.js';
import type { RunBook } from './run-book.js';
import { lowerLearningRate, type RunSettings } from './settings.js';
import type { Validator } from './validation.js';

/** What a diagnosis needs to know of a run beside its past. */
export interface DiagnosedRun {
  readonly scheme: TrainingScheme;
  /** Of the scheme, complete. */
  readonly options: object;
  readonly settings: RunSettings;
  readonly validator: Pick<Validator, 'pictured' | 'fit'>;
  readonly baseline: Baseline | undefined;
}

/** What a run suffers from after a step, by its log and its pictures. */
export function diagnoseRun(facts: DiagnosedRun, history: RunBook, step: number): Finding[] {
  const { scheme, settings, validator, baseline } = facts;
  const { given, wanted } = validator.pictured;
  const found = findAll(RUN_DIAGNOSES, step, {
    ...{ step, lossRows: lossRows(scheme, facts.options), losses: history.losses, metricRows: scheme.metrics },
    ...{ measured: history.metrics, snapshots: history.snapshots, expected: (wanted[0] ?? given[0])?.images ?? [], baseline },
    ...{ rateShare: (history.lastRate ?? settings.learningRate) / settings.learningRate },
    ...{ settings: { ...settings, ...facts.options }, lowerRate: lowerLearningRate(scheme, settings) },
  });
  // What the losses alone have said is not said again in other words.
  const watched = warningOf(history, scheme, settings) !== undefined;
  return found.filter(({ diagnosis }) => !watched || diagnosis !== 'discriminator-won');
}

/** Neighbours that are read, at so many places of the set. */
const NEIGHBOURS = { places: 2, pairs: 16 } as const;

/**
 * What the pairs of a new run may suffer from; nothing of other data.
 *
 * @param coloursOf counts the colours of some pictures as they lie in their files, where that can be done
 */
export async function diagnosePairs(
  { scheme, options, settings, validator }: DiagnosedRun,
  train: TrainingDataset,
  coloursOf?: () => Promise<PairsSample['colours']>,
): Promise<Finding[]> {
  if ((scheme.data ?? 'paired') !== 'paired') return [];
  // Colours say something of pictures that are seen as such.
  const read = scheme.readings?.(options);
  const asPictures = settings.make === null && !read?.a && !read?.b;
  const neighbours = await neighboursIn(asPairs(train), (pair) => validator.fit(pair));
  const colours = (asPictures ? await coloursOf?.() : undefined) ?? { a: [], b: [] };
  return findAll(PAIR_DIAGNOSES, 0, { neighbours, colours });
}

/** Reads some pairs that are neighbours: few of them, however many there are. */
async function neighboursIn(train: PairedDataset, fit: (pair: ImagePair) => ImagePair): Promise<PairsSample['neighbours']> {
  const places = train.length < 2 * NEIGHBOURS.pairs ? [0] : spread(train.length, NEIGHBOURS.places);
  return Promise.all(
    places.map(async (first) => {
      const length = Math.min(places.length === 1 ? 2 * NEIGHBOURS.pairs : NEIGHBOURS.pairs, train.length - first);
      const group: ImagePair[] = [];
      // One after the other: each may be a large file.
      for (let at = 0; at < length; at++) {
        const pair = await readable(() => pairAt(train, first + at));
        if (pair) group.push(fit(pair));
      }
      return group;
    }),
  );
}

/** What is read; undefined of a damaged file, which ends the run when a step needs it, and not before. */
async function readable<T>(read: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof ShadegradError) return undefined;
    throw error;
  }
}
