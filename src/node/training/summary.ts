import { printableName } from '../../formats/names.js';
import type { Gpu } from '../../gpu/gpu.js';
import type { ImageMetrics } from '../../training/metrics.js';
import { LIBRARY_VERSION } from '../../version.js';
import type { AdapterChoice } from '../adapter/choice.js';
import { formatCount, formatNumber } from '../terminal/format.js';
import { programCall, quoted } from '../terminal/program-call.js';
import type { TrainingReport } from '../report/write.js';
import { SAMPLED_PAIRS, SYNTHETIC, type DataSource, type TrainingData } from './data.js';
import { wonWarning } from './discriminator-watch.js';
import type { RunFolder } from './folder.js';
import type { RunHistory } from './history.js';
import { loadSizeOf, type RunSettings } from './settings.js';
import type { Validator } from './validation.js';

/** What a run is, for its report and the texts around it. */
export interface RunFacts {
  gpu: Gpu;
  adapter: AdapterChoice;
  settings: RunSettings;
  source: DataSource;
  data: TrainingData;
  folder: RunFolder;
  validator: Validator;
  baseline: ImageMetrics;
  startedAt: Date;
}

/** The command line that makes a run again on the same adapter, whatever its speed. */
export function commandOf(settings: RunSettings, source: DataSource, totalSteps: number): string {
  const { preset, size, ngf, ndf, epochs, batch, learningRate, lambda, seed, dropout, jitter, direction, from, fromDiscriminator } =
    settings;
  const flags = [
    source === SYNTHETIC ? '' : `--data ${quoted(source)}`,
    `--preset ${preset} --direction ${direction} --size ${size} --ngf ${ngf} --ndf ${ndf}`,
    epochs === null ? `--steps ${totalSteps}` : `--epochs ${epochs}`,
    `--batch ${batch} --lr ${learningRate} --lambda ${lambda} --seed ${seed}`,
    dropout ? '--dropout' : '--no-dropout',
    jitter ? '' : '--no-jitter',
    from === null ? '' : `--from ${quoted(from)}`,
    fromDiscriminator === null ? '' : `--from-discriminator ${quoted(fromDiscriminator)}`,
  ];
  return [programCall('train'), ...flags].filter((part) => part !== '').join(' ');
}

export function describeSettings(settings: RunSettings): string {
  const { size, ngf, ndf, batch, learningRate, epochs, steps, minutes } = settings;
  const length =
    epochs !== null
      ? `${formatCount(epochs)} epochs`
      : steps !== null
        ? `${formatCount(steps)} steps`
        : `about ${formatNumber(minutes!, 2)} minutes`;
  return `${size} x ${size} pixels, ngf ${ngf}, ndf ${ndf}, batch ${batch}, learning rate ${learningRate}, ${length}`;
}

export interface ReportState {
  state: TrainingReport['state'];
  history: RunHistory;
  step: number;
  totalSteps: number;
  seconds: number;
}

export function reportOf(facts: RunFacts, { state, history, step, totalSteps, seconds }: ReportState): TrainingReport {
  const { gpu, adapter, settings, source, data, validator, baseline, startedAt } = facts;
  const { losses, metrics, snapshots } = history;
  const { epochs, minutes, learningRate, batch } = settings;
  const shown: TrainingReport['settings'] = {
    data: source === SYNTHETIC ? 'synthetic facades' : source,
    'training pairs': data.train.length,
    'validation pairs measured': validator.length,
    direction: settings.direction,
    preset: settings.preset,
    size: settings.size,
    'load size': loadSizeOf(settings),
    ngf: settings.ngf,
    ndf: settings.ndf,
    ...(epochs !== null && { epochs }),
    ...(minutes !== null && { minutes }),
    steps: totalSteps,
    batch,
    'learning rate': learningRate,
    lambda: settings.lambda,
    dropout: settings.dropout,
    jitter: settings.jitter,
    seed: settings.seed,
    ...(settings.from !== null && { 'begun with': settings.from }),
  };
  return {
    title: source === SYNTHETIC ? 'Synthetic facades from label maps' : `pix2pix on ${data.train.name.replace(/\/train.*$/, '')}`,
    command: commandOf(settings, source, totalSteps),
    settings: shown,
    adapter: {
      name: adapter.description || adapter.name,
      driver: gpu.adapter.description,
      backend: adapter.backend,
      software: adapter.kind !== 'hardware',
    },
    version: LIBRARY_VERSION,
    startedAt: startedAt.toISOString(),
    state,
    steps: step,
    totalSteps,
    imagesSeen: step * batch,
    seconds,
    imagesTimed: history.timedSteps * batch,
    peakBytes: gpu.memory().peakBytes,
    losses,
    ...(history.discriminatorWonAt !== undefined && { warnings: [`Note: ${wonWarning(history.discriminatorWonAt, settings)}.`] }),
    metrics,
    snapshots,
    ...validator.pictured,
    baseline: { name: 'mean photo', ...baseline },
  };
}

/** The lines at the end of a run. */
export function closingLines(facts: RunFacts, { state, history, step, totalSteps }: ReportState): string[] {
  const { folder, baseline, validator, settings } = facts;
  const lines = [`${state === 'finished' ? 'finished' : 'stopped'} after ${formatCount(step)} of ${formatCount(totalSteps)} steps`];
  const last = history.metrics[history.metrics.length - 1];
  const text = ({ l1, psnr, ssim }: ImageMetrics) => `L1 ${formatNumber(l1)}, PSNR ${formatNumber(psnr)} dB, SSIM ${formatNumber(ssim)}`;
  if (last) {
    lines.push(`on ${validator.length} validation images${last.step === step ? '' : ` at step ${formatCount(last.step)}`}: ${text(last)}`);
    const sample = facts.data.train.length > SAMPLED_PAIRS ? `, that of a sample of ${SAMPLED_PAIRS}` : '';
    lines.push(`the mean training photo scores: ${text(baseline)}${sample}`);
  }
  lines.push(`report: ${printableName(folder.report)}`);
  const out = quoted(folder.path);
  lines.push(
    `translate your own images: ${programCall('translate')} --weights ${quoted(folder.checkpoint)} --input FILE_OR_FOLDER --output FOLDER`,
  );
  if (state === 'interrupted') lines.push(`go on: ${programCall('train')} --resume --out ${out}`);
  else {
    const longer = settings.epochs === null ? `--steps ${totalSteps * 4}` : `--epochs ${settings.epochs * 2}`;
    lines.push(`train longer: ${programCall('train')} --resume --out ${out} ${longer}`);
    if (settings.preset === 'preview')
      lines.push("the paper's setting (256 pixels, 200 epochs; days to weeks without a GPU): --preset full");
  }
  return lines;
}
