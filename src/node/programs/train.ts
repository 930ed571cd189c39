import { join, relative } from 'node:path';
import { performance } from 'node:perf_hooks';
import { inputText, parseInput, trainingOf } from '../../data/inputs/registry.js';
import { printableName, printableText } from '../../formats/names.js';
import { ShadegradError } from '../../errors.js';
import type { TrainingCheckpoint } from '../../training/checkpoint-info.js';
import type { Networks, TrainingScheme } from '../../training/scheme.js';
import { expectEffects } from '../../training/option-effects.js';
import { expectScheme } from '../../training/scheme-check.js';
import { quoted } from '../terminal/program-call.js';
import { openNodeGpu } from '../adapter/adapter.js';
import { readCheckpointInfo } from '../weights/checkpoint.js';
import { parseFlags, type Program } from '../terminal/flags.js';
import { formatCountOf } from '../../formats/words.js';
import { formatHelp } from '../terminal/help.js';
import { chooseSources, savedSources, SYNTHETIC } from '../training/data.js';
import { writeAugmentPreview } from '../training/augment-preview.js';
import { checkTogether, drawnTitle, flagName, inFlags, runsOf, trainProgram, type TrainFlags } from '../training/flags.js';
import { openData } from '../training/open-data.js';
import { openInitialState, type InitialState } from '../training/start-from.js';
import { existingRunFolder, newRunFolder, type RunFolder } from '../training/folder.js';
import { RunLock } from '../training/lock.js';
import { TrainingSession, type SessionOptions } from '../training/session.js';
import { planOf } from '../../training/run/open-data.js';
import { newSettings, optionsOf, resumedSettings, type RunSettings } from '../../training/run/settings.js';
import { expectMemory, offeredBytes } from '../training/memory.js';
import { openTuning } from '../training/tuning.js';
import { keepQuiet, remark } from '../terminal/remarks.js';

const say = (line: string): void => remark(printableText(line));

/** Options of trainScheme(): how the user calls the program. */
export interface TrainSchemeOptions {
  /**
   * What the user types to run the program, for --help and for the lines that say how to go on. Default: `node` and the path of the
   * running program.
   */
  call?: string;
}

/**
 * Runs a program that trains by a scheme, with everything that `shadegrad train` has: flags (--help lists them), a folder with checkpoint,
 * log and report, a progress bar, validation, and exact resuming.
 *
 * ```js
 * await runMain(() => trainScheme(scheme, process.argv.slice(2), { call: 'node my-program.js' }));
 * ```
 *
 * @param argv the arguments alone
 * @returns the exit status: 0, or 128 and the number of the signal that stopped it (130 after Ctrl-C, 143 SIGTERM, 129 SIGHUP)
 * @throws ShadegradError for whatever the user can mend
 */
export async function trainScheme<O extends object, N extends Networks>(
  scheme: TrainingScheme<O, N>,
  argv: readonly string[],
  { call = `node ${quoted(relative('', process.argv[1] ?? 'program.js'))}` }: TrainSchemeOptions = {},
): Promise<number> {
  expectScheme(scheme);
  return train({ scheme: scheme as unknown as TrainingScheme, call }, trainProgram(scheme, call), argv);
}

/** The scheme of a program, and how the user calls the program. */
interface Trained {
  readonly scheme: TrainingScheme;
  readonly call: string;
  /** Whether it is one of the trainings of another program: what a single one could be tried with next is then not said. */
  readonly isPart?: boolean;
}

/** Runs a program that trains by a scheme. @param program what trainProgram() made of the scheme */
export async function train(trained: Trained, program: Program, argv: readonly string[]): Promise<number> {
  const launchedAt = performance.now();
  const { values, given, typed: typedFlags, help } = parseFlags(program, argv);
  if (help) {
    process.stdout.write(formatHelp(program));
    return 0;
  }
  const typed = values as unknown as TrainFlags;
  // With all its numbers, so that a run keeps them whatever they are by default one day.
  const flags = typed.make === undefined ? typed : { ...typed, make: inputText(parseInput(typed.make)) };
  keepQuiet(flags.quiet);
  checkTogether(flags, given, trained.scheme);
  const { folder, lock } = await takeFolder(flags, trained.scheme);
  try {
    if (!lock.guarded) say(`note: the disk of ${printableName(folder.path)} has no locks: let no other run use that folder meanwhile`);
    return await trainIn(folder, trained, flags, { given, typed: typedFlags }, launchedAt).catch((error: unknown) => {
      throw inFlags(error, trained.scheme);
    });
  } finally {
    await lock.release();
  }
}

/**
 * Checks a new training as far as it can be without a device: its files of weights, and its images.
 *
 * @param argv its flags, which are right by themselves
 * @param looked which images were looked at already, so that trainings on the same ones look once
 * @throws what train() would
 */
export async function checkTraining(
  scheme: TrainingScheme,
  program: Program,
  argv: readonly string[],
  software: boolean,
  looked: Set<string>,
): Promise<void> {
  const { values, given } = parseFlags(program, argv);
  const flags = values as unknown as TrainFlags;
  try {
    const sources = await chooseSources(flags);
    const initial = await openInitialState(scheme, flags, given);
    try {
      const [settings] = scalesOf(scheme, flags, given, initial, software);
      const plan = JSON.stringify([sources, planOf(scheme, settings!), settings!.make, settings!.maxDatasetSize, settings!.colorProfile]);
      if (looked.has(plan)) return;
      // What there is to say of them, the training says.
      await openData(scheme, sources, settings!, () => {});
      looked.add(plan);
    } finally {
      await initial?.close();
    }
  } catch (error) {
    throw inFlags(error, scheme);
  }
}

/** The settings of a new run at each scale that may be tried. What follows from the networks of a file counts as if it was typed. */
function scalesOf(
  scheme: TrainingScheme,
  flags: TrainFlags,
  given: ReadonlySet<string>,
  initial: Pick<InitialState, 'options'> | null,
  software: boolean,
): RunSettings[] {
  const made = Object.entries(flags.make === undefined ? {} : { ...scheme.made, ...neededBy(flags.make, flags, given, scheme) }).filter(
    ([name]) => !given.has(flagName(name)),
  );
  const followed = Object.fromEntries([...made, ...Object.entries(initial?.options ?? {})].map(([name, value]) => [flagName(name), value]));
  return newSettings(scheme, { ...flags, ...followed }, new Set([...given, ...Object.keys(followed)]), software);
}

/** The folder of the run, locked. Without --out, a new run whose folder was taken meanwhile goes to the next one. */
async function takeFolder(flags: TrainFlags, scheme: TrainingScheme): Promise<{ folder: RunFolder; lock: RunLock }> {
  const runs = runsOf(scheme);
  const choose = (): Promise<RunFolder> => (flags.resume ? existingRunFolder(flags.out, runs) : newRunFolder(flags.out, runs));
  for (let folder = await choose(); ; ) {
    try {
      const lock = await RunLock.take(folder.path);
      // A run that ended between the choice and the lock has left its checkpoint.
      if (!flags.resume && flags.out !== undefined)
        await newRunFolder(flags.out, runs).catch((error) => lock.release().then(() => Promise.reject(error)));
      return { folder, lock };
    } catch (error) {
      const next = flags.out === undefined && !flags.resume ? await choose() : folder;
      if (next.path === folder.path) throw error;
      folder = next;
    }
  }
}

async function trainIn(
  folder: RunFolder,
  trained: Trained,
  flags: TrainFlags,
  { given, typed }: { readonly given: ReadonlySet<string>; readonly typed: ReadonlySet<string> },
  launchedAt: number,
): Promise<number> {
  const { scheme } = trained;
  const run = flags.resume ? await runToResume(folder, trained, flags, given) : { resume: null, scales: null };
  if (run === null) return 0;
  const { resume } = run;
  // A run that goes on has its sources, those aside that a flag says are elsewhere now.
  const [first, ...further] = resume ? savedSources(resume.checkpoint.options) : [];
  const named = await chooseSources(flags);
  const sources = [
    first === undefined || flags.data !== undefined || flags.download ? named[0]! : first,
    ...(flags['with-data'] ? named.slice(1) : further),
  ];

  const initial = await openInitialState(scheme, flags, given);
  try {
    const { gpu, adapterChoice: adapter } = await openNodeGpu(flags.adapter === undefined ? {} : { adapter: flags.adapter });
    try {
      say(adapter.summary);
      const scales = run.scales ?? scalesOf(scheme, flags, given, initial, adapter.kind !== 'hardware');
      if (!resume) {
        expectEffects(
          scheme,
          optionsOf(scheme, scales[0]!),
          Object.keys(scheme.options).filter((name) => typed.has(flagName(name))),
        );
        initial?.expectEffects(typed);
      }
      if (!resume && !trained.isPart) sayPreset(scales[0]!.preset, given.has('preset'), scheme);
      if (initial) say(initial.summary);
      const samples = flags['preview-augment'];
      if (samples !== undefined) {
        const path = join(flags.out === undefined ? '' : folder.path, 'augment-preview.png');
        await writeAugmentPreview({ gpu, scheme, sources, settings: scales[0]!, networks: initial?.networks, samples, path, say });
        return 0;
      }
      return await TrainingSession.run({
        ...trained,
        gpu,
        adapter,
        folder,
        sources,
        scales,
        resume,
        launchedAt,
        say,
        pace: {
          saveEvery: flags['save-every'],
          // Kept where the training follows from what is measured.
          reportEvery: flags['report-every'] ?? (resume?.checkpoint.options.reportEvery as number | null | undefined) ?? undefined,
        },
        dashboard: flags.dashboard,
        batchGiven: given.has('batch'),
        validate: flags.validate ?? (resume?.checkpoint.options.validate as number | undefined),
        secondsToStop: resume && flags.minutes !== undefined ? flags.minutes * 60 : undefined,
        steps: {
          replay: !flags.eager && !flags['debug-nan'],
          debugNan: flags['debug-nan'],
          recompute: flags.recompute,
          expectMemory(settings, estimate) {
            const offer = { bytes: offeredBytes(adapter.kind), recompute: flags.recompute };
            const { line, imagesFit } = expectMemory(scheme, settings, estimate, offer);
            say(line);
            return imagesFit;
          },
          tuning: flags.tune && !resume ? await openTuning(gpu, say) : undefined,
          ...(initial && { networks: initial.networks, learned: initial.labels, place: (trainer) => initial.place(trainer) }),
        },
      });
    } finally {
      gpu.destroy();
    }
  } finally {
    await initial?.close();
  }
}

/** Options that the input of --make needs. @throws BAD_FLAG where the scheme has no such, or a flag says otherwise */
function neededBy(
  make: string,
  flags: TrainFlags,
  given: ReadonlySet<string>,
  { title, options }: TrainingScheme,
): Readonly<Record<string, string>> {
  const needed = trainingOf(parseInput(make));
  for (const [name, value] of Object.entries(needed)) {
    const flag = flagName(name);
    if (Object.hasOwn(options, name) && (!given.has(flag) || flags[flag] === value)) continue;
    throw new ShadegradError('BAD_FLAG', `--make ${make} is for --${flag} ${value}`, {
      expected: `a scheme with --${flag} ${value}`,
      received: Object.hasOwn(options, name) ? `--${flag} ${String(flags[flag])}` : title,
      fix: Object.hasOwn(options, name) ? `leave out --${flag}` : 'leave out --make, or train by pix2pix',
    });
  }
  return needed;
}

type RunToResume = Pick<SessionOptions, 'scales'> & { resume: NonNullable<SessionOptions['resume']> };

/** @returns null when the run is finished already */
async function runToResume(
  folder: RunFolder,
  { scheme, isPart }: Trained,
  flags: TrainFlags,
  given: ReadonlySet<string>,
): Promise<RunToResume | null> {
  const checkpoint = await readCheckpointInfo(folder.checkpoint);
  checkResumable(folder, scheme, checkpoint);
  const settings = resumedSettings(scheme, folder.checkpoint, checkpoint.options, flags, given);
  checkSource(folder, scheme, checkpoint, flags);
  const saved = checkpoint.options.totalSteps as number;
  const totalSteps = (stepsPerEpoch: number): number => flags.steps ?? (flags.epochs === undefined ? saved : flags.epochs * stepsPerEpoch);
  const stepsPerEpoch = Math.floor((checkpoint.options.trainPairs as number) / settings.batch);
  const total = totalSteps(stepsPerEpoch);
  if (checkpoint.step > total) {
    throw new ShadegradError('BAD_FLAG', 'The run is longer already', {
      expected: `more than the ${formatCountOf(checkpoint.step, 'step')} done`,
      received: formatCountOf(total, 'step'),
      fix: 'ask for more steps or epochs in all, not for those to come',
    });
  }
  if (checkpoint.step === total) {
    if (flags.minutes !== undefined) {
      throw new ShadegradError('BAD_FLAG', `The run in ${folder.path} is finished`, {
        expected: 'with --resume, a run that --minutes can stop before its planned end',
        received: `all of ${formatCountOf(total, 'step')} done`,
        fix: `to train longer, give its length in all, such as --steps ${2 * total}`,
      });
    }
    const longer = isPart ? '' : '; to train longer, add --steps N with N in all';
    say(`the run in ${printableName(folder.path)} is finished: ${formatCountOf(total, 'step')}${longer}`);
    return null;
  }
  if (total !== saved && 2 * checkpoint.step > saved) {
    say(`note: the learning rate was falling already; from here on it is that of a run of ${formatCountOf(total, 'step')}`);
  }
  return { scales: [settings], resume: { checkpoint, totalSteps } };
}

/** @throws CHECKPOINT_MISMATCH for a run of another scheme, for networks alone, or for a file that this program did not write */
function checkResumable(folder: RunFolder, scheme: TrainingScheme, checkpoint: TrainingCheckpoint): void {
  const { optimizers, options } = checkpoint;
  if (checkpoint.scheme !== null && checkpoint.scheme !== scheme.name) {
    throw new ShadegradError('CHECKPOINT_MISMATCH', `${folder.checkpoint} is of another training scheme`, {
      expected: scheme.name,
      received: checkpoint.scheme,
      fix: 'go on with the program that began the run, or name the folder of another run with --out',
    });
  }
  const alone = Object.keys(optimizers).length === 0;
  if (!alone && ['totalSteps', 'trainPairs', 'batch'].every((name) => typeof options[name] === 'number')) return;
  throw new ShadegradError('CHECKPOINT_MISMATCH', `${folder.checkpoint} cannot be trained on`, {
    expected: 'a checkpoint of this program, with all networks, their optimisers and its options',
    received: alone ? `${Object.keys(checkpoint.networks).join(' and ')} alone` : 'options of another program',
    fix: 'name the folder of a run with --out',
  });
}

function checkSource(folder: RunFolder, scheme: TrainingScheme, { options }: TrainingCheckpoint, flags: TrainFlags): void {
  const further = savedSources(options).slice(1);
  const named = flags['with-data'];
  if (named !== undefined && named.length !== further.length) {
    throw new ShadegradError('CHECKPOINT_MISMATCH', `The run of ${folder.checkpoint} was trained on other data`, {
      expected: further.length === 0 ? 'one folder alone' : `--with-data ${further.map(printableName).join(' ')}`,
      received: `--with-data ${named.map(printableName).join(' ')}`,
      fix: 'leave out --with-data to go on with that run, or leave out --resume to start a new one',
    });
  }
  const folderAsked = flags.data !== undefined || flags.download;
  if (!folderAsked || options.source !== SYNTHETIC) return;
  throw new ShadegradError('CHECKPOINT_MISMATCH', `The run of ${folder.checkpoint} was trained on other data`, {
    expected: `the synthetic ${drawnTitle(scheme)}`,
    received: flags.data ?? '--download',
    fix: 'leave out --data and --download to go on with that run, or leave out --resume to start a new one',
  });
}

function sayPreset(preset: 'full' | 'preview', chosen: boolean, { presets }: TrainingScheme): void {
  const other = preset === 'full' ? 'for a quick trial: --preset preview' : `for the full setting (${presets.description}): --preset full`;
  say(`preset: ${preset}${chosen ? '' : ', chosen for this adapter'}; ${other}`);
}
