import { basename, join, resolve } from 'node:path';
import { imageGrid, type RgbImage } from '../../../data/image.js';
import { printableName } from '../../../formats/names.js';
import { ShadegradError } from '../../../errors.js';
import { networksIn } from '../../../exchange/read-weights.js';
import type { Gpu } from '../../../gpu/gpu.js';
import type { TrainingScheme } from '../../../training/scheme.js';
import { LIBRARY_VERSION } from '../../../version.js';
import { openNodeGpu } from '../../adapter/adapter.js';
import { writeFileAtomic } from '../../files/atomic.js';
import { spread } from '../../../data/spread.js';
import { writePng } from '../../images/read.js';
import { parseFlags } from '../../terminal/flags.js';
import { formatJson } from '../../../formats/words.js';
import { formatHelp } from '../../terminal/help.js';
import { isQuiet, keepQuiet, remark } from '../../terminal/remarks.js';
import { savedSources, SYNTHETIC } from '../../training/data.js';
import { drawnTitle, type TrainFlags } from '../../training/flags.js';
import { existingRunFolder } from '../../training/folder.js';
import { fromFlags, optionsOf, resumedSettings, type RunSettings } from '../../../training/run/settings.js';
import { StatusLine } from '../../training/status-line.js';
import { commandOf, describeSettings } from '../../training/summary.js';
import { schemeOfRun, testSamples, type TestedSample, type TestedSet } from '../../training/tested.js';
import { openCheckpoint, type OpenCheckpoint } from '../../weights/checkpoint.js';
import { isRemote, publicAddress } from '../../weights/remote/registry.js';
import { checkOutputs } from '../convert-check.js';
import { packageCallOf } from '../train-command.js';
import { renderCard, type CardFacts } from './card.js';
import type { PublishedNetwork } from './published-network.js';
import { PUBLISH_PROGRAM, type PublishFlags } from './flags.js';
import { PublishedFolder } from './folder.js';
import { licenceExpected } from './licences.js';
import { chosenLicence, type ChosenLicence } from './chosen-licence.js';
import { givenPicture } from './given.js';
import { generatorsOf, writeGenerator, type RunGenerator } from './networks.js';

/** Rows of the preview; of samples with a single picture, pictures in a row of so many. */
const PREVIEW = { rows: 4, alone: 16 } as const;

/**
 * Runs the program of `shadegrad publish`: makes a folder of a run's generators as the Hugging Face Hub has models.
 *
 * @param argv the arguments alone
 * @returns the exit status, 0
 * @throws ShadegradError for whatever the user can mend; DIR is then as it was
 */
export async function publishRun(argv: readonly string[]): Promise<number> {
  const { values: flags, operands, help } = parseFlags(PUBLISH_PROGRAM, argv);
  if (help) {
    process.stdout.write(formatHelp(PUBLISH_PROGRAM));
    return 0;
  }
  const [run, directory] = operands;
  if (operands.length !== 2) {
    const missing = run === undefined ? 'The run and the folder to make are not named' : 'The folder to make is not named';
    throw new ShadegradError('BAD_FLAG', operands.length < 2 ? missing : 'More than a run and a folder are named', {
      expected: 'the folder of a run and the folder to make',
      received: operands.map(printableName).join(', ') || 'none',
      fix: `write ${PUBLISH_PROGRAM.usage}`,
    });
  }
  if (directory === '') {
    throw new ShadegradError('BAD_FLAG', 'The folder to make has an empty name', {
      expected: 'the name of a new or empty folder',
      received: JSON.stringify(directory),
      fix: 'name it; a dot is the folder in which the program was called',
    });
  }
  if (flags.license === undefined) {
    throw new ShadegradError('BAD_FLAG', '--license is missing: without one nobody may use what is published', {
      expected: licenceExpected('')!,
      fix: 'choose one that the licence of the data allows',
    });
  }
  const licence = await chosenLicence(flags.license, flags['license-file']);
  keepQuiet(flags.quiet || flags.json);
  const folder = await existingRunFolder(run!, run!, { what: 'run', fix: 'name the folder of a run, that with checkpoint.safetensors' });
  const target = await PublishedFolder.begin(directory!, flags.replace);
  const checkpoint = await openCheckpoint(folder.checkpoint).catch(async (error) => {
    await target.discard();
    throw error;
  });
  try {
    const published = await fill(target.staging, folder, checkpoint, flags, licence);
    const files = await target.finish();
    if (flags.json) process.stdout.write(`${formatJson({ folder: directory, files, ...published })}\n`);
    else remark(`${printableName(directory!)}: ${files.join(', ')}`);
    return 0;
  } finally {
    await checkpoint.close();
    await target.discard();
  }
}

/** Writes everything that is published into a folder. */
async function fill(
  staging: string,
  folder: Awaited<ReturnType<typeof existingRunFolder>>,
  checkpoint: OpenCheckpoint,
  flags: PublishFlags,
  licence: ChosenLicence,
): Promise<{ networks: readonly PublishedNetwork[]; metrics: Record<string, number> }> {
  const { info } = checkpoint;
  const scheme = schemeOfRun(folder.checkpoint, info);
  const settings = resumedSettings(scheme, folder.checkpoint, info.options, {} as TrainFlags, new Set());
  const saved = savedSources(info.options);
  const sources = flags.data === undefined ? saved : [resolve(flags.data)];
  const file = await checkpoint.weights();
  const { gpu, adapterChoice } = await openNodeGpu(flags.adapter === undefined ? {} : { adapter: flags.adapter });
  const networks: PublishedNetwork[] = [];
  let generators: RunGenerator[] = [];
  let adversarial = false;
  let tested: Tested;
  try {
    remark(adapterChoice.summary);
    generators = generatorsOf(file, scheme, flags.averages);
    adversarial = networksIn(file).some(({ role }) => role === 'discriminator');
    tested = await measure(gpu, { folder, checkpoint, scheme, sources, flags });
    const facts = {
      ...{ scheme, options: optionsOf(scheme, settings), make: settings.make },
      data: saved[0] === SYNTHETIC ? undefined : basename(saved[0]!),
    };
    for (const [index, generator] of generators.entries())
      networks.push(await writeGenerator(gpu, staging, generator, { onnx: flags.onnx, given: givenPicture(facts, index) }));
  } finally {
    gpu.destroy();
  }
  if (flags.check) await compare(staging, generators, networks, flags);
  for (const { withoutOnnx } of networks) if (withoutOnnx !== undefined && flags.onnx) remark(`no ONNX model: ${withoutOnnx}`);
  const title = flags.title ?? basename(resolve(folder.path));
  const drawn = saved[0] === SYNTHETIC;
  const name = flags['data-name'] ?? (drawn ? `synthetic ${drawnTitle(scheme)}` : saved.map((source) => basename(source)).join(' and '));
  const facts: CardFacts = {
    ...{ title, author: flags.author, scheme, adversarial, networks },
    licence,
    data: { name, drawn, trainingImages: info.options.trainPairs as number },
    ...{ step: info.step, totalSteps: info.options.totalSteps as number, settings: describeSettings(scheme, settings) },
    command: commandFor(
      scheme,
      settings,
      drawn ? [SYNTHETIC] : ['DATA', ...saved.slice(1).map((_, index) => `DATA${index + 2}`)],
      info.options,
    ),
    adapter: info.adapter,
    ...{ metrics: tested.metrics, preview: tested.preview },
  };
  await writePng(join(staging, 'preview.png'), tested.picture);
  await writeFileAtomic(join(staging, 'LICENSE'), licence.text(flags.author ?? `the authors of ${title}`));
  await writeFileAtomic(join(staging, 'config.json'), `${formatJson(configOf(facts, scheme, settings, generators))}\n`);
  await writeFileAtomic(join(staging, 'README.md'), renderCard(facts));
  return { networks, metrics: tested.metrics.values };
}

interface Tested extends Pick<CardFacts, 'metrics' | 'preview'> {
  readonly picture: RgbImage;
}

/** Measures a run on its validation images, with the pictures of a few. */
async function measure(
  gpu: Gpu,
  {
    folder,
    checkpoint,
    scheme,
    sources,
    flags,
  }: {
    folder: Awaited<ReturnType<typeof existingRunFolder>>;
    checkpoint: OpenCheckpoint;
    scheme: TrainingScheme;
    sources: readonly string[];
    flags: PublishFlags;
  },
): Promise<Tested> {
  const line = new StatusLine();
  const kept: TestedSample[] = [];
  let images = 0;
  const keep = async (sample: TestedSample, done: number, total: number): Promise<void> => {
    const wanted = sample.pictures.length === 1 ? PREVIEW.alone : PREVIEW.rows;
    if (spread(total, wanted).includes(done - 1)) kept.push(sample);
    images = done;
    line.show(`measured: ${done} of ${total}`);
  };
  const say = (text: string): void => void (isQuiet() || process.stderr.write(`${text}\n`));
  const options = { first: false, averages: flags.averages, patchMap: false, chosen: false, split: undefined, baseline: true };
  const { metrics, baseline, unvalidated }: TestedSet = await testSamples(
    gpu,
    { ...{ folder, checkpoint, scheme, sources, count: flags.count }, ...options },
    keep,
    say,
  ).finally(() => line.end());
  const columns = kept[0]!.pictures.map(({ title }) => title);
  const pictures = kept.map((sample) => sample.pictures.map(({ image }) => image));
  const rows = columns.length === 1 ? inRows(pictures.flat(), Math.sqrt(PREVIEW.alone)) : pictures;
  return {
    metrics: { rows: scheme.metrics, values: metrics, ...(baseline && { baseline }), images, set: unvalidated ? 'training' : 'validation' },
    preview: { columns, rows: rows.length },
    picture: imageGrid(rows),
  };
}

const inRows = (images: readonly RgbImage[], length: number): RgbImage[][] =>
  Array.from({ length: Math.ceil(images.length / length) }, (_, row) => images.slice(row * length, (row + 1) * length));

/** Runs what was written beside what it was made of. @throws WEIGHTS_MISMATCH */
async function compare(
  staging: string,
  generators: readonly RunGenerator[],
  networks: readonly PublishedNetwork[],
  { adapter }: PublishFlags,
): Promise<void> {
  for (const [index, { found }] of generators.entries()) {
    const { onnx } = networks[index]!;
    if (onnx !== undefined) await checkOutputs(found, join(staging, onnx), 'onnx', { dtype: 'f32', batch: undefined, adapter });
  }
}

/** The command of a run as it is for everybody: without the folders of the machine that it ran on. */
function commandFor(
  scheme: TrainingScheme,
  settings: RunSettings,
  sources: readonly string[],
  options: Readonly<Record<string, unknown>>,
): string {
  const number = (name: string): number | undefined => (typeof options[name] === 'number' ? (options[name] as number) : undefined);
  const [validate, reportEvery] = [number('validate'), number('reportEvery')];
  return commandOf(
    {
      ...{ scheme, call: packageCallOf(scheme), settings: withoutPaths(scheme, settings), sources },
      ...(validate !== undefined && { validate }),
      ...(reportEvery !== undefined && { reportEvery }),
    },
    options.totalSteps as number,
  );
}

/** Settings with names of files in the place of paths, and addresses without what may be a key to them. */
export function withoutPaths(scheme: TrainingScheme, settings: RunSettings): RunSettings {
  const files = new Set(fromFlags(scheme, settings).map(([, file]) => file));
  const entries = Object.entries(settings).map(([name, value]) => {
    const isFile = typeof value === 'string' && files.has(value) && /^from([A-Z]|$)/.test(name);
    return [name, isFile ? calledPublicly(value) : value];
  });
  return Object.fromEntries(entries) as RunSettings;
}

const calledPublicly = (file: string): string => {
  const told = isRemote(file) ? publicAddress(file) : file;
  // Of this machine alone are paths, and addresses without an s.
  return isRemote(file) && !/^http:/i.test(file) ? told : basename(told);
};

/** What a program wants to know of a published folder: config.json. */
function configOf(
  { title, data, step, networks, metrics }: CardFacts,
  scheme: TrainingScheme,
  settings: RunSettings,
  generators: readonly RunGenerator[],
): object {
  const described = networks.map((network, index) => {
    const { weights, statistics, coding, labelSets, unscaled } = generators[index]!.found;
    const { kind, size, inChannels, outChannels, labels, noise, black } = network.use;
    return [
      network.name,
      {
        ...{ file: network.file, layout: network.forPyTorch ? 'pytorch' : 'shadegrad', onnx: network.onnx ?? null },
        ...{
          ...weights.architecture,
          does: kind,
          size,
          inChannels,
          outChannels,
          range: [black ?? -1, 1],
          statistics,
          averaged: network.averaged,
        },
        ...(labels.length > 0 && { labels }),
        ...(labelSets && { labelSets }),
        ...(noise && { noise }),
        ...(coding && { coding }),
        ...(unscaled && { unscaled }),
      },
    ];
  });
  const { batch, learningRate, seed } = settings;
  return {
    ...{ library_name: 'shadegrad', library_version: LIBRARY_VERSION, title, scheme: scheme.name, step, data: data.name },
    networks: Object.fromEntries(described) as object,
    options: { ...optionsOf(scheme, settings), batch, learningRate, seed },
    metrics: { set: metrics.set, images: metrics.images, values: metrics.values, ...(metrics.baseline && { baseline: metrics.baseline }) },
  };
}
