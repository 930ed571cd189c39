import { performance } from 'node:perf_hooks';
import { encodeLabelSets } from '../../data/labels.js';
import { inOneLine } from '../../training/diagnoses/diagnosis.js';
import { printableName } from '../../formats/names.js';
import { ShadegradError } from '../../errors.js';
import type { Gpu } from '../../gpu/gpu.js';
import type { Network } from '../../models/kind.js';
import { isNoiseGenerator } from '../../models/noise.js';
import { architectureOf, isGenerator, isLabelledGenerator, isLibraryKind } from '../../models/registry.js';
import { averageName } from '../../training/averages.js';
import type { TrainingCheckpoint } from '../../training/checkpoint-info.js';
import { epochLength, labelsFor, mostInStep, partsFor } from '../../training/batches.js';
import { lossRows, type TrainingScheme } from '../../training/scheme.js';
import type { AdapterChoice } from '../adapter/choice.js';
import { writeFileAtomic } from '../files/atomic.js';
import { loadCheckpoint, saveCheckpoint } from '../weights/checkpoint.js';
import { formatCount, formatCountOf } from '../../formats/words.js';
import { createProgress, type Progress } from '../terminal/progress.js';
import { writeReport, type TrainingReport } from '../report/write.js';
import { baselineOf, hash, SYNTHETIC, savedSources, sourceOptions, type DataSource } from './data.js';
import { openData } from './open-data.js';
import type { RunFolder } from './folder.js';
import { GradientWatch } from './gradient-watch.js';
import { RunHistory } from './history.js';
import { Interrupt } from './interrupt.js';
import { coloursOf } from './pairs-sample.js';
import { diagnosePairs, diagnoseRun } from '../../training/run/diagnose.js';
import { diverged, TrainingLoop } from '../../training/run/loop.js';
import { KeptCheckpoints } from './kept-checkpoints.js';
import { Measured, measuredState } from '../../training/run/measured.js';
import { Pace, type PaceOptions } from '../../training/run/pace.js';
import { Dashboard } from '../dashboard/server.js';
import { RunControl } from './control.js';
import { LiveRun } from './live.js';
import { openRecords } from './records/registry.js';
import { wayOf, type RunSettings } from '../../training/run/settings.js';
import { LengthPlan, planSteps } from '../../training/run/length-plan.js';
import { savedOptions } from '../../training/run/saved-options.js';
import { openTrainer, startFastEnough, type OpenedRun, type Start, type StepOptions } from './speed.js';
import { bestLine, closingLines, describeSettings, flagsOf, reportOf, tooShort, type ReportState, type RunFacts } from './summary.js';
import { countSamples } from './set-data.js';
import { measuredImages, Validator } from '../../training/run/validation.js';
import { scalingWarning } from './scaling.js';

export interface SessionOptions {
  gpu: Gpu;
  scheme: TrainingScheme;
  /** How the user calls the program that trains. */
  call: string;
  /** Whether it is one of the trainings of another program: what a single one could be tried with next is then not said. */
  isPart?: boolean;
  adapter: AdapterChoice;
  folder: RunFolder;
  /** Where the images are; more than one for a scheme that takes several sets with labels of their own. */
  sources: readonly DataSource[];
  /** Of a new run, one or more scales to try; of a resumed one, its own. */
  scales: readonly RunSettings[];
  /** The checkpoint to go on from, and the steps that the run is to have in all. */
  resume: { checkpoint: TrainingCheckpoint; totalSteps: (stepsPerEpoch: number) => number } | null;
  pace: PaceOptions;
  validate: number | undefined;
  /** The port of the dashboard, 0 for any; undefined for none. */
  dashboard?: number | undefined;
  /** Whether the user has said how many images a step takes. */
  batchGiven: boolean;
  /** How its steps are made ready. A resumed run takes its checkpoint's variants and is not tuned. */
  steps: StepOptions;
  /** When the program started, on the clock of performance.now(). */
  launchedAt: number;
  /** How long a resumed run goes on at most, since the program started; it keeps its planned length. */
  secondsToStop?: number | undefined;
  say: (line: string) => void;
}

/** One process's part of a run: opens everything, trains with pauses for reports and checkpoints, and closes up. */
export class TrainingSession {
  private readonly pace: Pace;
  /** Steps between checkpoints that stay for good. */
  private readonly epochsToKeep: number | null;
  private savedStep = -1;
  private savedFlags = '';
  private readonly length: LengthPlan;
  /** Nobody asks anything of a run that has no dashboard. */
  private readonly control: RunControl;
  private readonly live: LiveRun | null;
  /** How long the run has waited because somebody asked it to. */
  private waitedSeconds = 0;
  private readonly gradients: GradientWatch;

  private constructor(
    private readonly options: SessionOptions,
    private readonly start: Start,
    private readonly facts: RunFacts,
    private readonly history: RunHistory,
    private readonly progress: Progress,
    private readonly interrupt: Interrupt,
    private readonly loop: TrainingLoop,
    private readonly measured: Measured,
    { control, live }: { readonly control: RunControl; readonly live: LiveRun | null },
  ) {
    this.control = control;
    this.live = live;
    this.gradients = new GradientWatch(options.gpu, start.trainer, history, start.settings.precision);
    const { saveEpochs } = start.settings;
    this.epochsToKeep = typeof saveEpochs === 'number' ? saveEpochs * start.trainer.stepsPerEpoch : null;
    const also = this.epochsToKeep === null ? {} : { alsoEvery: this.epochsToKeep };
    this.pace = new Pace({ ...options.pace, ...also, bySteps: measured.decides });
    if (options.resume) this.savedStep = start.trainer.step;
    this.length = new LengthPlan(options.resume ? null : start.settings.minutes);
  }

  /** Trains to the end, or to the first signal. @returns the exit status */
  static async run(options: SessionOptions): Promise<number> {
    // Before anything is written: its port may be taken.
    const dashboard = options.dashboard === undefined ? null : await Dashboard.open(options.dashboard);
    try {
      return await TrainingSession.runOn(dashboard, options);
    } finally {
      await dashboard?.close();
    }
  }

  private static async runOn(dashboard: Dashboard | null, options: SessionOptions): Promise<number> {
    const { gpu, scheme, call, adapter, folder, sources, say, resume } = options;
    const start = resume ? await goOn(options, resume.checkpoint) : await begin(options);
    const { trainer, settings, data } = start;
    const opened: (() => void)[] = [() => trainer.dispose()];
    try {
      const { validation, train } = data;
      say(`training on ${countSamples(train)}: ${describeSettings(scheme, settings)}`);
      const slow = settings.preset === 'preview' || adapter.kind !== 'hardware';
      const count = measuredImages(options.validate, { slow, resumed: resume !== null });
      const { evaluated: networks, options: own } = trainer;
      const called = (name: string): string => (networks[name] === trainer.networks[name] ? name : averageName(name));
      const labels = labelsFor(scheme, train);
      const validator = await Validator.create(gpu, { scheme, networks, options: own, dataset: validation, count, labels, hash });
      opened.push(() => validator.dispose());
      const measured = new Measured(scheme, settings, measuredState(resume?.checkpoint.options.measured));
      if (data.unvalidated) expectUndecided(measured, settings);
      // Of the only image there is, the mean of all is that image.
      const baseline = data.unvalidated ? undefined : await baselineOf(validator, data);
      const { reportEvery } = options.pace;
      const facts: RunFacts = {
        gpu,
        scheme,
        call,
        ...(options.isPart && { isPart: true }),
        options: own,
        adapter,
        settings,
        sources,
        data,
        ...(labels && { labels }),
        folder,
        validator,
        ...(options.validate !== undefined && { validate: options.validate }),
        ...(measured.decides && reportEvery !== undefined && { reportEvery }),
        baseline,
        startedAt: new Date(),
        makers: Object.keys(networks)
          .filter((name) => makesPictures(networks[name]!))
          .map(called),
        translators: Object.keys(networks)
          .filter((name) => translatesPictures(networks[name]!))
          .map(called),
      };

      const totalSteps = resume ? resume.totalSteps(trainer.stepsPerEpoch) : plannedSteps(start);
      // The length of one of so many minutes is not known yet.
      const short = settings.minutes === null ? tooShort(scheme, own, totalSteps, trainer.sets) : undefined;
      if (short !== undefined) say(short);
      const losses = lossRows(scheme, own);
      const history = await RunHistory.open(folder, validator, {
        scheme: { ...scheme, losses },
        resumeAtStep: resume ? trainer.step : undefined,
        training: data.fingerprint,
      });
      opened.push(() => history.close());
      const resumedAt = resume ? trainer.step : undefined;
      const records = await openRecords(settings, { folder, scheme: { losses, metrics: scheme.metrics }, resumedAt });
      for (const record of records) history.addRecord(record);
      if (history.otherMeasurements > 0) say(othersNote(history.otherMeasurements));
      if (history.trainedOnOthers) say(OTHER_TRAINING);
      const progress = createProgress({ total: totalSteps, start: trainer.step, lossRows: losses });
      opened.push(() => progress.stop());
      const interrupt = new Interrupt(() => progress.note('stopping after this step; press Ctrl-C again to stop at once'));
      opened.push(() => interrupt.dispose());
      const drawn = sources.length > 1 || sources[0] === SYNTHETIC;
      const reading = { colorProfile: wayOf(settings) };
      if (!resume)
        for (const finding of history.addFindings(
          await diagnosePairs(facts, data.train, drawn ? undefined : () => coloursOf(sources[0]!, reading)),
        ))
          say(`note: ${inOneLine(options.isPart ? { ...finding, tries: [] } : finding)}`);
      const loop = new TrainingLoop({ trainer, settings, history, progress, interrupt, measured, totalSteps, trial: start });
      const control = new RunControl();
      const live = dashboard && new LiveRun({ dashboard, facts, trainer, history, loop, control, losses });
      if (live) {
        history.addRecord(live);
        // Asked for, and there is no other way to know it: also where remarks are left out.
        console.log(`dashboard: ${live.address}`);
      }
      return await new TrainingSession(options, start, facts, history, progress, interrupt, loop, measured, { control, live }).train();
    } finally {
      for (const close of opened.reverse()) close();
    }
  }

  private saidScaling = false;

  private async train(): Promise<number> {
    const { loop, interrupt, pace, start } = this;
    try {
      if (this.options.resume === null) {
        loop.record(start.trained);
        const measured = start.data.unvalidated ? 'image' : 'validation image';
        this.progress.note(`measuring the first outputs on ${formatCountOf(this.facts.validator.length, measured)}`);
        await this.pause(true);
        this.plan();
      } else {
        await new KeptCheckpoints(this.options.folder, this.epochsToKeep).forgetAfter(loop.step);
        // A run that was killed after its checkpoint was written has not kept it.
        await this.keep();
      }
      do {
        if (loop.step >= loop.totalSteps || interrupt.exitStatus !== undefined || this.measured.stops) break;
        const half = this.length.settled ? Infinity : Math.floor(loop.totalSteps / 2);
        await loop.trainTo(Math.min(pace.next(loop.step, loop.totalSteps), half), () => {
          this.gradients.look();
          return pace.overdue() || this.replanDue() || this.outOfTime() || this.control.due;
        });
        if (interrupt.exitStatus !== undefined) break;
        if (this.replanDue()) this.plan();
        const due = pace.due(loop.step, loop.totalSteps);
        if (due !== null) await this.pause(due === 'report');
        const isOver = (): boolean => loop.step >= loop.totalSteps || interrupt.exitStatus !== undefined;
        this.waitedSeconds += await this.control.obey(() => this.save(), isOver);
      } while (!this.outOfTime());
      return await this.close();
    } catch (error) {
      // A picture that cannot be read stops the steps, not the networks: what was trained is worth keeping.
      if (concernsData(error)) await this.save().catch(() => undefined);
      if (error instanceof ShadegradError && error.code === 'DIVERGED') await this.reportDiverged(error).catch(() => undefined);
      if (this.savedStep >= 0)
        this.progress.note(`the checkpoint of step ${formatCount(this.savedStep)} is kept in ${printableName(this.facts.folder.path)}`);
      throw error;
    }
  }

  /** Leaves a report that says where the numbers ended. The error itself is what the terminal is told. */
  private async reportDiverged({ what, fix }: ShadegradError): Promise<void> {
    const { facts, history, loop } = this;
    const tries = fix === undefined ? [] : [fix];
    history.addFindings([
      {
        diagnosis: 'diverged',
        title: 'numbers that are not finite',
        step: history.losses.at(-1)?.step ?? loop.step,
        evidence: what,
        tries,
      },
    ]);
    await writeReport(facts.folder.report, reportOf(facts, this.state('interrupted')));
  }

  /** Saves a checkpoint, after a validation for the report or without. */
  private async pause(withReport: boolean): Promise<void> {
    const { loop, history, facts, pace } = this;
    await this.gradients.settled();
    const began = performance.now();
    if (withReport) {
      const validated = await facts.validator.run();
      await history.addValidation(loop.step, validated);
      this.measured.add(loop.step, validated.metrics);
    }
    this.diagnose();
    await this.save();
    const warning = this.saidScaling ? undefined : scalingWarning(await this.start.trainer.scaling());
    if (warning !== undefined) {
      this.saidScaling = true;
      this.progress.note(`note: ${warning}`);
    }
    if (!withReport) return;
    await writeReport(facts.folder.report, reportOf(facts, this.state(loop.step === loop.totalSteps ? 'finished' : 'running')));
    pace.reported((performance.now() - began) / 1000);
  }

  /** Looks for troubles, and says those that are new. */
  private diagnose(): void {
    const found = diagnoseRun(this.facts, this.history, this.loop.step);
    const { isPart } = this.options;
    for (const finding of this.history.addFindings(found))
      this.progress.note(`note: ${inOneLine(isPart ? { ...finding, tries: [] } : finding)}`);
  }

  private async save(): Promise<void> {
    const { trainer, settings, data } = this.start;
    const { labels } = this.facts;
    if (trainer.step === this.savedStep) return;
    const began = performance.now();
    // First the log: one that is ahead of its checkpoint is cut back on resuming, one that is behind has a hole.
    this.history.flush();
    const { gpu, adapter, folder, sources } = this.options;
    const options = savedOptions({
      ...{ scheme: trainer.scheme, settings, labels, totalSteps: this.loop.totalSteps, sources: sourceOptions(sources) },
      ...{ train: data.train, validate: this.facts.validator.length, measured: this.measured, reportEvery: this.options.pace.reportEvery },
    });
    const progress = {
      options,
      step: trainer.step,
      epoch: trainer.epoch,
      adapter: adapter.description || adapter.name,
      choices: gpu.variants.used(),
    };
    await saveCheckpoint(folder.checkpoint, trainer, progress).catch((error: unknown) => {
      throw error instanceof ShadegradError && error.code === 'DIVERGED' ? diverged(error, trainer.scheme, settings) : error;
    });
    await this.saveFlags();
    this.savedStep = trainer.step;
    this.live?.saved(trainer.step);
    await this.keep();
    this.pace.saved((performance.now() - began) / 1000);
  }

  /** Keeps the checkpoint that was just written, or that the run goes on from, under other names, where it is to stay. */
  private async keep(): Promise<void> {
    const { trainer, settings } = this.start;
    const kept = new KeptCheckpoints(this.options.folder, this.epochsToKeep);
    await kept.keep(trainer.step, typeof settings.keep === 'number' ? settings.keep : 0);
    if (this.measured.bestSoFar?.step === trainer.step) await kept.keepBest();
  }

  /** Writes the file of flags, if it is not there yet as it should be: the length of a run may change. */
  private async saveFlags(): Promise<void> {
    const text = `${JSON.stringify(flagsOf(this.facts, this.loop.totalSteps), null, 2)}\n`;
    if (text === this.savedFlags) return;
    await writeFileAtomic(this.options.folder.options, text);
    this.savedFlags = text;
  }

  private async close(): Promise<number> {
    const { loop, interrupt, facts, progress } = this;
    await this.gradients.settled();
    const finished = loop.step === loop.totalSteps;
    const state = this.state(finished ? 'finished' : 'interrupted');
    if (!finished) {
      await this.save();
      await writeReport(facts.folder.report, reportOf(facts, state));
    }
    progress.stop();
    const best = bestLine(this.measured, facts);
    if (best !== undefined) this.options.say(best);
    const scaling = await this.start.trainer.scaling();
    for (const line of closingLines(facts, state, scaling)) this.options.say(line);
    return finished ? 0 : (interrupt.exitStatus ?? 0);
  }

  private state(state: TrainingReport['state']): ReportState {
    const { loop, history } = this;
    return { state, history, step: loop.step, totalSteps: loop.totalSteps, seconds: loop.seconds };
  }

  private replanDue(): boolean {
    return this.length.due(this.loop.step, this.loop.totalSteps, this.secondsSinceLaunch() - this.waitedSeconds);
  }

  /** Settles how many steps fit into a run of so many minutes. */
  private plan(): void {
    const { loop, pace, start, length } = this;
    if (length.settled) return;
    loop.totalSteps = length.plan(loop.totalSteps, this.secondsSinceLaunch() - this.waitedSeconds, {
      step: loop.step,
      secondsPerStep: loop.secondsPerStep ?? start.secondsPerStep,
      pauseSeconds: pace.reportSeconds,
      pauses: pace.reportsLeft(loop.step, loop.totalSteps),
    });
    if (length.count === 1)
      this.progress.note(`about ${formatCount(loop.totalSteps)} steps fit into ${start.settings.minutes} minutes at this speed`);
  }

  private outOfTime(): boolean {
    // A run that waits because somebody asked it to uses up no time.
    return this.secondsSinceLaunch() - this.waitedSeconds > (this.options.secondsToStop ?? Infinity);
  }

  private secondsSinceLaunch(): number {
    return (performance.now() - this.options.launchedAt) / 1000;
  }
}

/** @throws BAD_FLAG for a run that is to follow from validations, where nothing is left to validate on */
function expectUndecided({ decides }: Measured, { earlyStop, best, lrPolicy }: RunSettings): void {
  if (!decides) return;
  const flag = earlyStop !== null ? '--early-stop' : best !== null ? '--best' : `--lr-policy ${String(lrPolicy)}`;
  throw new ShadegradError('BAD_FLAG', `${flag} needs images to validate on`, {
    expected: 'images that are not trained on, in val/ or test/',
    received: 'one image alone, which is trained on',
    fix: `put some into val/, or leave out ${flag}`,
  });
}

function concernsData(error: unknown): boolean {
  return error instanceof ShadegradError && (error.code.startsWith('IMAGE_') || error.code.startsWith('DATA_'));
}

/**
 * The length of a new run in steps. For a run of so many minutes it is a first guess, to be replaced by a better one: until
 * then the length need only be such that the learning rate stays constant.
 */
function plannedSteps({ settings, trainer, secondsPerStep }: Start): number {
  const { epochs, steps, minutes } = settings;
  if (steps !== null) return steps;
  if (epochs !== null) return epochs * trainer.stepsPerEpoch;
  return planSteps({ step: trainer.step, secondsPerStep, secondsLeft: minutes! * 60, pauseSeconds: 0, pauses: 0 });
}

function translatesPictures(network: Network): boolean {
  return (isGenerator(network) || isLabelledGenerator(network)) && isLibraryKind(architectureOf(network).kind);
}

function makesPictures(network: Network): boolean {
  return isNoiseGenerator(network) && isLibraryKind(architectureOf(network).kind) && [1, 3].includes(network.makes.channels);
}

async function begin({ gpu, scheme, scales, sources, steps, say, batchGiven }: SessionOptions): Promise<Start> {
  // At a smaller scale the same data are opened again.
  const told = new Set<string>();
  const once = (line: string): void => void (told.has(line) || (told.add(line), say(line)));
  const open = async (scale: RunSettings): Promise<OpenedRun> => {
    const data = await openData(scheme, sources, scale, once);
    const most = mostInStep(scheme, data.train);
    if (batchGiven || scale.batch <= most) return { settings: scale, data };
    once(`${scale.batch} images in a step are more than there are: ${most} are taken (--batch)`);
    return { settings: { ...scale, batch: most }, data };
  };
  if (scales[0]!.minutes !== null) return startFastEnough(gpu, scheme, scales, open, steps, say);
  const { settings, data } = await open(scales[0]!);
  return { settings, data, trainer: await openTrainer(gpu, scheme, data, settings, steps), trained: [], secondsPerStep: 0 };
}

async function goOn(
  { gpu, scheme, scales, sources, steps, say, folder, adapter }: SessionOptions,
  checkpoint: TrainingCheckpoint,
): Promise<Start> {
  const settings = scales[0]!;
  const data = await openData(scheme, sources, settings, say).catch((error: unknown) => {
    throw sources.join() === savedSources(checkpoint.options).join() ? movedData(sources, error) : error;
  });
  const { trainPairs } = checkpoint.options;
  const samples = epochLength(data.train);
  if (trainPairs !== samples) {
    throw new ShadegradError('CHECKPOINT_MISMATCH', `The run of ${folder.checkpoint} was trained on other data`, {
      expected: `${trainPairs} training samples`,
      received: `${samples} in ${sources.map(printableName).join(' and ')}`,
      fix: 'name the folder that the run was started with (--data)',
    });
  }
  const labels = labelsFor(scheme, data.train);
  const kept = [settings.labels, checkpoint.options.labelSets];
  // Folders in another order have other labels at the places of those that the networks have learned.
  if (labels?.sets && [labels.names.join(','), encodeLabelSets(labels.sets)].join() !== kept.join()) {
    throw new ShadegradError('CHECKPOINT_MISMATCH', `The run of ${folder.checkpoint} was trained on other data`, {
      expected: `the labels ${kept.join(': ')}`,
      received: `${labels.names.join(',')}: ${encodeLabelSets(labels.sets)} in ${sources.map(printableName).join(' and ')}`,
      fix: 'name the folders in the order in which the run was started with them (--data, --with-data)',
    });
  }
  const lengths = partsFor(scheme, data.train).join(',');
  const { trainParts = lengths } = checkpoint.options;
  // The order of the images follows from the length of each set, not from their sum.
  if (trainParts !== lengths) {
    throw new ShadegradError('CHECKPOINT_MISMATCH', `The run of ${folder.checkpoint} was trained on other data`, {
      expected: `${trainParts} training samples, set by set`,
      received: `${lengths} in ${sources.map(printableName).join(' and ')}`,
      fix: 'put each image back into the set that it was in, or start a new run (without --resume)',
    });
  }
  gpu.variants.load(checkpoint.choices ?? {});
  const trainer = await openTrainer(gpu, scheme, data, settings, { ...steps, networks: checkpoint.networks });
  await loadCheckpoint(folder.checkpoint, trainer).catch((error: unknown) => {
    trainer.dispose();
    throw error;
  });
  trainer.resumeAt(checkpoint.step);
  say(`going on from step ${formatCount(checkpoint.step)} of ${printableName(folder.checkpoint)}`);
  const here = adapter.description || adapter.name;
  if (checkpoint.adapter !== here)
    say(`note: the run was started on "${checkpoint.adapter}"; on this adapter its numbers will differ in the last digits`);
  return { trainer, settings, data, trained: [], secondsPerStep: 0 };
}

/** The error of a run whose data are no longer where its checkpoint says, with the flag that names the new place. */
function movedData(sources: readonly DataSource[], error: unknown): unknown {
  if (!(error instanceof ShadegradError) || error.code !== 'DATA_NOT_FOUND') return error;
  return new ShadegradError('DATA_NOT_FOUND', 'The data of this run are no longer where they were', {
    expected: sources.map(printableName).join(' and '),
    received: error.message.split('\n')[0]!,
    fix: 'if they were moved, say where they are now: --data DIR' + (sources.length > 1 ? ' --with-data DIR' : ''),
    cause: error,
  });
}

/** As many as before, or the run would be refused. */
const OTHER_TRAINING =
  'note: the training images are no longer those that this run was trained on (other names or sizes of files): ' +
  'it goes on with the images of now';

const othersNote = (count: number): string =>
  `note: the validation images are no longer those of ${count} earlier measurement${count === 1 ? '' : 's'}: the report ` +
  `begins anew with the images of now ` +
  '(log.jsonl and samples/ keep what was measured before)';
