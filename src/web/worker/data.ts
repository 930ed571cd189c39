import type { ProgressCallback } from '../../data/dataset.js';
import { ShadegradError } from '../../errors.js';
import { labelsFor, type TrainingDataset } from '../../training/batches.js';
import {
  openDrawnImages,
  openPlainImages,
  ofFirst,
  openTrainingData,
  openUnpairedData,
  planOf,
  SYNTHETIC,
  type DataPlace,
  type TrainingData,
} from '../../training/run/open-data.js';
import { wayOf, type RunSettings } from '../../training/run/settings.js';
import type { TrainingScheme } from '../../training/scheme.js';
import { openDataSet } from '../files/data-sets.js';
import { treeOf } from '../files/image-tree.js';

/** Who is told while data are opened. */
export interface DataTold {
  /** How far some work is. */
  opening(what: string, done: number, total: number): void;
  note(line: string): void;
}

/**
 * Opens what a scheme trains on, out of the browser's storage: the same samples in the same order as Node finds in the same folder.
 *
 * @param source the name of a data set that is kept in the browser, or `synthetic`
 * @throws as in Node; INVALID_ARGUMENT for what browsers do not read: labels of images in folders
 */
export async function openData(
  scheme: TrainingScheme,
  source: string,
  settings: RunSettings,
  told: DataTold,
): Promise<TrainingData<TrainingDataset>> {
  const drawn = source === SYNTHETIC;
  const watch = <T>(work: (onProgress: ProgressCallback) => Promise<T>, what: string): Promise<T> =>
    work((done, total) => told.opening(what, done, total));
  const place: DataPlace = { tree: treeOf(source, drawn ? new Map() : await openDataSet(source)), watch };
  expectPlain(settings);
  const plan = planOf(scheme, settings);
  const note = (line: string): void => told.note(line.replace(/^note: /, ''));
  const reading = plan.halves.a ?? plan.halves.b;
  if (drawn && reading) throw onlyInNode(`${scheme.title} with other channels than those of pictures`, 'leave these options out');
  const data = await {
    paired: () => openTrainingData(place, source, plan, note),
    unpaired: () => openUnpairedData(place, source, plan, note),
    images: () => {
      if (drawn) return openDrawnImages(place, plan);
      if (scheme.labelled) throw onlyInNode(`${scheme.title} on folders of labelled images`, 'take the images that are drawn');
      return openPlainImages(place, source, plan, note);
    },
  }[scheme.data ?? 'paired']();
  const labels = plan.labels?.join(',');
  if (labels !== undefined && labels !== labelsFor(scheme, data.train)?.names.join(','))
    throw onlyInNode(`${scheme.title} on some of the labels of its images (labels ${labels})`, 'leave labels out, which takes all of them');
  const most = settings.maxDatasetSize;
  return typeof most === 'number' ? ofFirst(data, most) : data;
}

/** @throws INVALID_ARGUMENT for pictures that browsers do not make ready; runs that Node began may ask for them */
function expectPlain(settings: RunSettings): void {
  if ((settings.make ?? null) !== null) throw onlyInNode('on pairs that are made of single pictures (make)', 'take pairs that are files');
  if (wayOf(settings) !== 'ignore') throw onlyInNode('on pictures whose colour profiles are converted', 'leave colorProfile out');
}

const onlyInNode = (what: string, fix: string): ShadegradError =>
  new ShadegradError('INVALID_ARGUMENT', `Browsers do not train ${what}`, {
    expected: 'pictures, in pairs or in sets',
    fix: `${fix}, or train in Node`,
  });
