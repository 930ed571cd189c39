import { asPairs } from '../../data/unpaired.js';
import { findAll, type Finding } from '../../training/diagnoses/diagnosis.js';
import { PAIR_DIAGNOSES, RUN_DIAGNOSES } from '../../training/diagnoses/registry.js';
import { lossRows } from '../../training/scheme.js';
import type { RunHistory } from './history.js';
import { warningOf } from './loop.js';
import { samplePairs } from './pairs-sample.js';
import { lowerLearningRate } from './settings.js';
import type { RunFacts } from './summary.js';

/** What a run suffers from after a step, by its log and its pictures. */
export function diagnoseRun(facts: RunFacts, history: RunHistory, step: number): Finding[] {
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

/** What the pairs of a new run may suffer from; nothing of other data. */
export async function diagnosePairs({ scheme, options, data, validator, sources, settings }: RunFacts): Promise<Finding[]> {
  if ((scheme.data ?? 'paired') !== 'paired') return [];
  // Colours say something of pictures that are seen as such.
  const read = scheme.readings?.(options);
  const asPictures = sources.length === 1 && settings.make === null && !read?.a && !read?.b;
  const source = asPictures ? sources[0]! : null;
  return findAll(PAIR_DIAGNOSES, 0, await samplePairs(asPairs(data.train), (pair) => validator.fit(pair), source));
}
