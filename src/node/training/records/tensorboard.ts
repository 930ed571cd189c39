import { rm } from 'node:fs/promises';
import { imageGrid, type RgbImage } from '../../../data/image.js';
import { printableName } from '../../../formats/names.js';
import { imageEvent, restartEvent, scalarsEvent, versionEvent } from '../../../formats/tensorboard-event.js';
import { tfRecord } from '../../../formats/tfrecord.js';
import { AppendedFile } from '../../files/appended.js';
import { makeFolder, writeFailed } from '../../files/atomic.js';
import { logLines, type LogEntry } from '../../files/log.js';
import { encodePng } from '../../images/read.js';
import { cutEvents, eventFiles, newEventFile } from './event-files.js';
import type { RecordOptions, RunRecord } from './record.js';

/** Tags of what the log says of a step beside its losses. */
const FACTS: Readonly<Record<string, string>> = { learningRate: 'learning_rate', imagesPerSecond: 'images_per_second', epoch: 'epoch' };

const now = (): number => Date.now() / 1000;

/** The numbers of a line of the log by their tags; null, which JSON has for what is not finite, is NaN. */
function scalarsOf(entry: LogEntry, { losses, metrics }: RecordOptions['scheme']): [tag: string, value: number][] {
  const named = (names: Readonly<Record<string, string>>, values: Readonly<Record<string, unknown>>): [string, number][] =>
    Object.entries(names).flatMap(([name, tag]) => (name in values ? [[tag, (values[name] as number | null) ?? NaN]] : []));
  const below = (folder: string, names: object): Record<string, string> =>
    Object.fromEntries(Object.keys(names).map((name) => [name, `${folder}/${name}`]));
  if ('validation' in entry) return named(below('validation', metrics), entry.validation as Readonly<Record<string, unknown>>);
  return named({ ...below('loss', losses), ...FACTS }, entry);
}

/**
 * Keeps the files of events that TensorBoard shows: a file for each process of the run, in tb/. Each event is appended whole, so that a
 * process that is killed leaves files that can be read.
 */
export async function openTensorBoard({ folder, scheme, resumedAt }: RecordOptions): Promise<RunRecord> {
  await makeFolder(folder.events);
  const earlier = await eventFiles(folder.events);
  if (resumedAt === undefined) {
    // What another run left that never came to a checkpoint.
    for (const path of earlier) await rm(path, { force: true }).catch((cause: unknown) => Promise.reject(writeFailed(path, cause)));
  } else for (const path of earlier) await cutEvents(path, resumedAt);

  const file = new AppendedFile(await newEventFile(folder.events, now()));
  const append = (...events: readonly Uint8Array[]): void => file.append(Buffer.concat(events.map(tfRecord)));
  const addEntries = (entries: readonly LogEntry[]): void => {
    const seconds = now();
    const some = entries
      .map((entry) => ({ step: entry.step, scalars: scalarsOf(entry, scheme) }))
      .filter(({ scalars }) => scalars.length > 0);
    append(...some.map(({ step, scalars }) => scalarsEvent({ seconds, step }, scalars)));
  };
  try {
    append(versionEvent(now()));
    if (resumedAt !== undefined) append(restartEvent({ seconds: now(), step: resumedAt + 1 }));
    // A run that had no such files before has its past in its log.
    if (resumedAt !== undefined && earlier.length === 0) for await (const { entry } of logLines(folder.log)) addEntries([entry]);
  } catch (error) {
    file.close();
    throw error;
  }
  return {
    steps: addEntries,
    validation({ step, metrics, rows }) {
      addEntries([{ step, validation: metrics }]);
      rows.forEach(({ name, pictures }, index) => append(pictureEvent(step, `samples/${index + 1} ${printableName(name)}`, pictures)));
    },
    gradients(step, norms) {
      append(
        scalarsEvent(
          { seconds: now(), step },
          Object.entries(norms).map(([name, norm]) => [`gradient_norm/${name}`, norm]),
        ),
      );
    },
    flush: () => file.flush(),
    close: () => file.close(),
  };
}

function pictureEvent(step: number, tag: string, pictures: readonly RgbImage[]): Uint8Array {
  const grid = imageGrid([pictures]);
  return imageEvent({ seconds: now(), step }, { tag, width: grid.width, height: grid.height, png: encodePng(grid) });
}
