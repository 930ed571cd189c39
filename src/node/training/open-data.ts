import { parseInput } from '../../data/inputs/registry.js';
import { ShadegradError } from '../../errors.js';
import type { TrainingDataset } from '../../training/batches.js';
import type { TrainingScheme } from '../../training/scheme.js';
import { readingProfiles } from '../images/colour-profiles.js';
import type { HalfReadings } from '../images/dataset.js';
import { diskRead, openTrainingData, SYNTHETIC, type DataSource, type TrainingData } from './data.js';
import { openMadeData } from './made-data.js';
import { openImagesData, openJoinedData, openUnpairedData } from './set-data.js';
import { ofFirst, planOf, type DataPlace } from '../../training/run/open-data.js';
import { wayOf, type RunSettings } from '../../training/run/settings.js';

/** Opens what a scheme trains on. */
export async function openData(
  scheme: TrainingScheme,
  sources: readonly DataSource[],
  settings: RunSettings,
  note: (line: string) => void,
): Promise<TrainingData<TrainingDataset>> {
  const { hush, ...reading } = readingProfiles(wayOf(settings), note);
  try {
    return await openAll(scheme, sources, settings, note, diskRead(reading));
  } finally {
    // What comes later is read while a progress bar is drawn.
    hush();
  }
}

async function openAll(
  scheme: TrainingScheme,
  sources: readonly DataSource[],
  settings: RunSettings,
  note: (line: string) => void,
  place: DataPlace,
): Promise<TrainingData<TrainingDataset>> {
  if (sources.length > 1) return openJoinedData(sources, planOf(scheme, settings), note, place);
  const { make } = settings;
  const plan = planOf(scheme, settings);
  const open = { paired: openTrainingData, unpaired: openUnpairedData, images: openImagesData }[scheme.data ?? 'paired'];
  const [first] = sources as [DataSource];
  expectFiles(first, make, plan.halves);
  const data = await (make === null
    ? open(first, plan, note, { place })
    : openMadeData(first, { ...plan, make: parseInput(make) }, note, place));
  const most = settings.maxDatasetSize as number | null | undefined;
  return typeof most === 'number' ? ofFirst(data, most) : data;
}

/** @throws BAD_FLAG for pictures that are drawn, or made into pairs, where halves are to be arrays or index maps */
function expectFiles(source: DataSource, make: string | null, { a, b }: HalfReadings): void {
  const reading = a ?? b;
  if (!reading || (source !== SYNTHETIC && make === null)) return;
  const what = reading.kind === 'classes' ? `index maps of ${reading.count} classes` : `numbers of ${reading.channels} channels`;
  throw new ShadegradError('BAD_FLAG', `The networks are for ${what}`, {
    expected: 'pairs of files with --data DIR',
    received: make === null ? 'facades that the program draws, which are pictures' : `--make ${make}, which is made of pictures`,
    fix: make === null ? 'name a folder: --data DIR' : 'leave out --make, and name a folder of pairs: --data DIR',
  });
}
