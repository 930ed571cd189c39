import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { CheckpointOptions } from '../../training/checkpoint-info.js';
import { savedSources, type DataSource } from './data.js';
import type { RunFolder } from './folder.js';

/** In what results of a run differ from those of its latest checkpoint on what it is validated on: each part names their folder. */
export interface ResultsApart {
  readonly checkpoint?: string;
  /** The folder of other data. */
  readonly data?: string;
  readonly split?: string;
  readonly direction?: string | undefined;
  readonly weights?: string;
  /** How they were measured, where that was not in full, such as `count-3`. */
  readonly measured?: string;
}

/** How images of a run are chosen, as its programs have the flags for it. */
export interface ChosenImages {
  readonly data?: string | undefined;
  readonly split?: string | undefined;
  readonly averages: boolean;
}

/**
 * In what images and weights that were chosen differ from those that a run is validated on and by.
 *
 * @param sources that were opened
 * @param split that was measured
 */
export function apartOf(options: CheckpointOptions, chosen: ChosenImages, sources: readonly DataSource[], split: string): ResultsApart {
  const others = chosen.data !== undefined && sources.join() !== savedSources(options).join();
  const isOfRun = !others && (split === 'val' || (chosen.data === undefined && chosen.split === undefined));
  return {
    ...(others && { data: sources[0]! }),
    ...(!isOfRun && { split }),
    ...(keepsAverages(options) && !chosen.averages && { weights: 'trained-weights' }),
  };
}

/** Whether a run keeps running averages of its weights. */
export const keepsAverages = ({ ema }: CheckpointOptions): boolean => typeof ema === 'number' && ema > 0;

/**
 * The folder for results in that of a run: the one that is called so for its latest checkpoint on the images that it is validated on, which
 * comparisons of runs go by; any other is named for what differs, so that it replaces neither these nor results of something else.
 *
 * @param called such as `evaluation`
 * @param numbers the file in the folder that has the results, whose `data` says what they are of
 */
export async function resultsFolder(
  { path }: RunFolder,
  called: string,
  { checkpoint, data, split, direction, weights, measured }: ResultsApart,
  numbers: string,
): Promise<string> {
  const place = data === undefined ? undefined : basename(data).replaceAll(/[^\p{L}\p{N}._-]+/gu, '-');
  const name = [called, checkpoint, place, split, direction, weights, measured].filter((part) => part !== undefined).join('-');
  for (let number = 1; ; number++) {
    const folder = join(path, number === 1 ? name : `${name}-${number}`);
    // Two folders of data may have one name.
    const earlier = data === undefined ? undefined : await dataOf(join(folder, numbers));
    if (earlier === undefined || earlier === data) return folder;
  }
}

/** The data that earlier results are of; undefined where there are none. */
async function dataOf(numbers: string): Promise<string | undefined> {
  const text = await readFile(numbers, 'utf8').catch(() => '{}');
  try {
    const { data } = JSON.parse(text) as { readonly data?: unknown };
    return typeof data === 'string' ? data : undefined;
  } catch {
    return undefined;
  }
}
