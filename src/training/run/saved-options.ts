import { encodeLabelGroups, encodeLabelSets, labelSetsOf } from '../../data/labels.js';
import type { Labelling } from '../../data/unpaired.js';
import { epochLength, partsFor, type TrainingDataset } from '../batches.js';
import type { OptionValue } from '../option-table.js';
import type { TrainingScheme } from '../scheme.js';
import type { Measured } from './measured.js';
import type { RunSettings } from './settings.js';

/** What a checkpoint says of a run beside its settings. */
export interface SavedRunFacts {
  readonly scheme: TrainingScheme;
  readonly settings: RunSettings;
  /** Those of the images, where the scheme learns some. */
  readonly labels?: Labelling | undefined;
  readonly totalSteps: number;
  /** Where the images are: `source`, and of further sets `source2` and so on. */
  readonly sources: Readonly<Record<string, string>>;
  readonly train: TrainingDataset;
  /** Validation images that are measured. */
  readonly validate: number;
  readonly measured: Pick<Measured, 'saved' | 'decides'>;
  /** Steps between validations that were asked for. */
  readonly reportEvery: number | undefined;
}

/** The options of a run as its checkpoints keep them: enough to go on with it, in Node or in a browser. */
export function savedOptions(run: SavedRunFacts): Record<string, OptionValue> {
  const { scheme, settings, labels, totalSteps, sources, train, validate, measured, reportEvery } = run;
  return {
    ...settings,
    // Those that there were, named or not: what the networks have learned stands for them.
    ...(labels && { labels: labels.names.join(','), labelSets: encodeLabelSets(labelSetsOf(labels)) }),
    ...(labels?.groups?.length && { labelGroups: encodeLabelGroups(labels.names, labels.groups) }),
    totalSteps,
    ...sources,
    trainPairs: epochLength(train),
    ...(labels?.sets && { trainParts: partsFor(scheme, train).join(',') }),
    validate,
    ...(measured.saved() !== null && { measured: measured.saved() }),
    ...(measured.decides && { reportEvery: reportEvery ?? null }),
  };
}
