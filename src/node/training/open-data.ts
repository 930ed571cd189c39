import { firstSamples } from '../../data/first-samples.js';
import { parseInput } from '../../data/inputs/registry.js';
import type { TrainingDataset } from '../../training/batches.js';
import type { DrawnData, ImagePlan, TrainingScheme } from '../../training/scheme.js';
import { completeOptions } from '../../training/trainer-options.js';
import { openTrainingData, type DataSource, type TrainingData } from './data.js';
import { openMadeData } from './made-data.js';
import { openImagesData, openJoinedData, openUnpairedData } from './set-data.js';
import { optionsOf, type RunSettings } from './settings.js';

/** Opens what a scheme trains on. */
export async function openData(
  scheme: TrainingScheme,
  sources: readonly DataSource[],
  settings: RunSettings,
  note: (line: string) => void,
): Promise<TrainingData<TrainingDataset>> {
  if (sources.length > 1) return openJoinedData(sources, planOf(scheme, settings), note);
  const { make } = settings;
  const plan = planOf(scheme, settings);
  const open = { paired: openTrainingData, unpaired: openUnpairedData, images: openImagesData }[scheme.data ?? 'paired'];
  const [first] = sources as [DataSource];
  const data = await (make === null ? open(first, plan, note) : openMadeData(first, { ...plan, make: parseInput(make) }, note));
  const most = settings.maxDatasetSize as number | null | undefined;
  return typeof most === 'number' ? { ...data, train: firstSamples(data.train, most) } : data;
}

/** The sizes of the images of a run, the seed that drawn ones follow from, what is drawn, and the labels of a scheme that learns some. */
function planOf(
  scheme: TrainingScheme,
  settings: RunSettings,
): ImagePlan & { seed: number; drawn: DrawnData | undefined; labels?: readonly string[] | null } {
  const sizes = scheme.sizes(completeOptions(scheme, optionsOf(scheme, settings)));
  const labels = scheme.labelled ? { labels: settings.labels?.split(',') ?? null } : {};
  return { ...sizes, seed: settings.seed, drawn: scheme.drawn, ...labels };
}
