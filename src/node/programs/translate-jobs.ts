import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, extname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { printableName } from '../../formats/names.js';
import { ShadegradError } from '../../errors.js';
import { glob, isGlob } from '../files/glob.js';
import { STANDARD_STREAM } from '../files/standard-streams.js';
import { listImages } from '../images/dataset.js';
import { hasArrayEnding, hasImageEnding, naturalOrder } from '../images/folder.js';
import { remark } from '../terminal/remarks.js';
import { notAlone } from './translate-flags.js';

/** An image that is to be translated. */
export interface Job {
  /** Its path; STANDARD_STREAM for stdin. */
  readonly input: string;
  /** Where its results go, of --seed and the seeds after it; STANDARD_STREAM for stdout. */
  readonly outputs: readonly string[];
  /** Where the numbers of its results go beside pictures of them, where that is asked for. */
  readonly arrays?: readonly string[];
  /** Why there will be none. */
  readonly problem?: ShadegradError;
}

/**
 * Lists the images that --input names, and where their results go.
 *
 * @param ending of the files of results, with its dot
 * @throws DATA_NOT_FOUND where none of the inputs exists; DATA_EMPTY for a folder without images; BAD_FLAG where no result has a place
 */
export async function listJobs(inputs: readonly string[], output: string, samples: number, ending: string): Promise<Job[]> {
  if (inputs.includes(STANDARD_STREAM)) return jobsOf(new Map(inputs.map((input) => [input, ''])), output, samples, ending);
  /** For each image the folder below that of the results that its own go to. */
  const files = new Map<string, string>();
  const add = (path: string, place = ''): void => void (files.has(path) || files.set(path, place));
  let missing = 0;
  for (const input of inputs) {
    if (await isGlob(input)) {
      for (const [path, place] of await imagesLike(input)) add(path, place);
      continue;
    }
    const kind = await stat(input).catch(() => undefined);
    if (kind === undefined) missing++;
    if (!kind?.isDirectory()) add(input);
    else {
      const names = await listImages(input, (others) => remark(`left out of ${printableName(input)}: ${others}`));
      for (const name of names) add(join(input, name));
    }
  }
  // Of several, a missing one is reported in its turn.
  if (missing === inputs.length) {
    throw new ShadegradError('DATA_NOT_FOUND', `There is no file or folder ${printableName(inputs[0]!)}`, {
      fix: 'check the path given with --input',
    });
  }
  return jobsOf(files, output, samples, ending);
}

/**
 * Jobs whose results are written twice: as what they were listed for, and beside it as files of another ending.
 *
 * @throws BAD_FLAG where none of these has a place
 */
export async function withArrays(jobs: readonly Job[], ending: string): Promise<Job[]> {
  const named = (output: string): string => output.slice(0, output.length - extname(output).length) + ending;
  const checked = await withProblems(jobs.map((job) => ({ ...job, outputs: job.outputs.map(named) })));
  return checked.map(({ outputs, problem }, at) => ({ ...jobs[at]!, arrays: outputs, ...(problem && { problem }) }));
}

/** The images that a pattern matches, each with its folder from the first wildcard on. @throws DATA_NOT_FOUND for none */
async function imagesLike(pattern: string): Promise<[path: string, place: string][]> {
  const { base, files } = await glob(pattern);
  // As in a folder: arrays are images where there are no others.
  const pictures = files.filter(hasImageEnding);
  const images = (pictures.length > 0 ? pictures : files.filter(hasArrayEnding)).sort(naturalOrder);
  if (images.length === 0) {
    throw new ShadegradError('DATA_NOT_FOUND', `No image matches ${printableName(pattern)}`, {
      received: files.length === 0 ? 'nothing of that name' : `${files.length} files that are no images`,
      fix: "check the pattern given with --input; ** stands for folders at any depth: 'photos/**/*.jpg'",
    });
  }
  if (images.length < files.length) remark(`left out of ${printableName(pattern)}: ${files.length - images.length} that are no images`);
  return images.map((path) => [path, relative(base, dirname(path))]);
}

/** @throws BAD_FLAG */
async function jobsOf(files: ReadonlyMap<string, string>, output: string, samples: number, ending: string): Promise<Job[]> {
  if (output === STANDARD_STREAM) {
    if (files.size > 1) throw notAlone('--output', 'one image', `${files.size} images`);
    return [...files.keys()].map((input) => ({ input, outputs: [STANDARD_STREAM] }));
  }
  const jobs = [...files].map(([input, place]): Job => {
    // Whatever a pattern is: results stay within the folder that was named for them.
    if (isAbsolute(place) || place.split(sep).includes('..')) {
      throw new ShadegradError('BAD_FLAG', `The result for ${printableName(input)} would lie outside of ${printableName(output)}`, {
        expected: 'images in one folder, or in folders within it',
        received: place,
        fix: 'translate each of the folders on its own',
      });
    }
    const name = input === STANDARD_STREAM ? 'stdin' : basename(input, extname(input));
    const names = samples === 1 ? [name] : Array.from({ length: samples }, (_, sample) => `${name}-${sample + 1}`);
    return { input, outputs: names.map((each) => join(output, place, `${each}${ending}`)) };
  });
  return withProblems(jobs);
}

/**
 * Finds out which results would take the place of an input, or of another result: none of such an image are made. The jobs stay in
 * their order.
 *
 * @throws BAD_FLAG when that are all
 */
async function withProblems(jobs: readonly Job[]): Promise<Job[]> {
  const inputs = new Map(await Promise.all(jobs.map(async ({ input }) => [await realPath(input), input] as const)));
  const taken = new Map<string, string>();
  const checked: Job[] = [];
  for (const job of jobs) {
    const targets = await Promise.all(job.outputs.map(realPath));
    const problem = targets.map((target, at) => clash(job, job.outputs[at]!, inputs.get(target), taken.get(target))).find(Boolean);
    if (!problem) for (const target of targets) taken.set(target, job.input);
    checked.push(problem ? { ...job, problem } : job);
  }
  if (checked.every(({ problem }) => problem)) throw checked[0]!.problem!;
  return checked;
}

/** What is wrong with a result of an image where an input lies, or a result of another image will. */
function clash({ input }: Job, output: string, overwritten: string | undefined, other: string | undefined): ShadegradError | undefined {
  if (overwritten !== undefined) {
    const over = `The result for ${input} would be written over ${overwritten}`;
    return new ShadegradError('BAD_FLAG', over, { fix: 'name another folder with --output' });
  }
  if (other === undefined) return undefined;
  return new ShadegradError('BAD_FLAG', `The results for ${other} and ${input} would have the same name`, {
    received: output,
    fix: 'rename one of them, or move it to another folder',
  });
}

/** Without links; of a file that is not there yet, in its folder's real place. */
async function realPath(path: string): Promise<string> {
  return realpath(path).catch(async () => {
    const folder = await realpath(join(path, '..')).catch(() => resolve(path, '..'));
    return join(folder, basename(path));
  });
}
