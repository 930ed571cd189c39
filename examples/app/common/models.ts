import { batch, computed, effect, signal } from '@preact/signals';
import {
  buildNetwork,
  codingsOf,
  findNetwork,
  isGenerator,
  isLabelledGenerator,
  loadNetwork,
  openWeightFiles,
  ShadegradError,
  type Codings,
  type FoundNetwork,
  type Generator,
  type Gpu,
  type LabelledGenerator,
} from 'shadegrad';
import { deviceState, openDevice } from './device.js';
import { parseCatalogue, type InputKind, type ModelRow } from './model-rows.js';
import { fetchModel } from './model-store.js';
import { dismiss, explain, report, reportError } from './notices.js';

/** A model on the device, ready to be run. */
export interface OpenModel {
  readonly row: ModelRow;
  readonly gpu: Gpu;
  readonly generator: Generator | LabelledGenerator;
  /** What was found in its file: labels' names, statistics of its norms. */
  readonly found: FoundNetwork;
  /** Sides of the pictures that it is drawn for. */
  readonly width: number;
  readonly height: number;
  /** How pictures become its channels, where they are more than eight-bit colours. */
  readonly codings: Codings | null;
}

/** The state of the model of the page. */
export type ModelState =
  | { readonly kind: 'none' }
  | { readonly kind: 'loading'; readonly row: ModelRow; readonly bytes: number }
  | { readonly kind: 'ready'; readonly model: OpenModel }
  | { readonly kind: 'failed'; readonly row: ModelRow };

const state = signal<ModelState>({ kind: 'none' });
const catalogue = signal<readonly ModelRow[]>([]);
/** A model of a person's own files, and which of several generators in them is meant. */
interface AddedModel {
  readonly row: ModelRow;
  readonly files: readonly File[];
  readonly network: string | undefined;
}
const added = signal<readonly AddedModel[]>([]);

/** The model that is loaded, or is being loaded. */
export const modelState = computed(() => state.value);
/** Every model that can be chosen: those of the site, then those that were added while the page is open. */
export const models = computed(() => [...catalogue.value, ...added.value.map(({ row }) => row)]);

/** The chosen model outlives the visit, where it is one of the site's. */
const CHOICE = 'shadegrad model';
/** Choices are counted: what an earlier one still loads is thrown away. */
let choices = 0;
let catalogueLoad: Promise<void> | undefined;

/** Loads the list of the site's models, once. What goes wrong is told. */
export function loadCatalogue(): Promise<void> {
  catalogueLoad ??= (async () => {
    const response = await fetch(new URL('models/catalogue.json', document.baseURI));
    if (!response.ok) throw new Error(`models/catalogue.json: ${response.status} ${response.statusText}`);
    catalogue.value = parseCatalogue(await response.text());
  })().catch((error: unknown) => {
    catalogueLoad = undefined;
    report({
      ...explain(error),
      title: 'The list of models could not be loaded',
      fix: 'Load the page again, or open a file of weights of your own.',
    });
  });
  return catalogueLoad;
}

/** Makes sure that there is a model: the one asked for, else the one chosen last, else the first of the site. */
export async function wantModel(id?: string | null): Promise<void> {
  await loadCatalogue();
  const now = state.peek();
  if (!id && now.kind !== 'none') return;
  const rows = models.peek();
  const row = rows.find((each) => each.id === id) ?? rows.find((each) => each.id === remembered()) ?? rows[0];
  if (row && !(now.kind !== 'none' && idOf(now) === row.id)) await chooseModel(row.id);
}

const idOf = (now: Exclude<ModelState, { kind: 'none' }>): string => (now.kind === 'ready' ? now.model.row.id : now.row.id);

/** Loads a model in place of the one before. What goes wrong is told; the state says so, too. */
export async function chooseModel(id: string): Promise<void> {
  const row = models.peek().find((each) => each.id === id);
  if (!row) return report({ kind: 'problem', title: `There is no model "${id}" here`, fix: 'Choose one of the list, or open its file.' });
  const choice = ++choices;
  const isLatest = (): boolean => choice === choices;
  drop();
  state.value = { kind: 'loading', row, bytes: 0 };
  let gpu: Gpu | undefined;
  try {
    gpu = await openDevice();
    const own = added.peek().find((each) => each.row.id === id);
    const files = own?.files ?? [await fileOf(row, (bytes) => isLatest() && (state.value = { kind: 'loading', row, bytes }))];
    const model = await openOn(gpu, row, files, own?.network);
    // That there was too little memory, or that the device is lost, is known only to whoever waits for it.
    await gpu.sync().catch((error: unknown) => {
      model.generator.dispose();
      throw error;
    });
    if (!isLatest()) return model.generator.dispose();
    state.value = { kind: 'ready', model };
    remember(row);
  } catch (error) {
    if (!isLatest()) return;
    state.value = { kind: 'failed', row };
    const device = deviceState.peek();
    if (gpu && (error as { code?: unknown }).code === 'DEVICE_LOST') {
      // That has been told. The next device may be there already; else the model is loaded when it is.
      if (device.kind === 'ready' && device.gpu !== gpu) await chooseModel(id);
      return;
    }
    // A missing device has been told already.
    if (device.kind !== 'missing') reportError(error);
  }
}

/** What was told of the last file of weights: the next one takes its place. */
const WEIGHTS = 'weights';

/** Adds a model by files that the person chose, and loads it. @returns whether it is a model; what goes wrong is told */
export async function addModel(
  files: readonly File[],
  { network, ...details }: Partial<Pick<ModelRow, 'title' | 'about' | 'input' | 'palette'>> & { readonly network?: string } = {},
): Promise<boolean> {
  try {
    // Looked into before it is listed: what is no model is told, and nothing changes.
    const found = findNetwork(await openWeightFiles(files), 'generator', network);
    expectTranslator(found, files[0]!.name);
    dismiss(WEIGHTS);
    const bytes = files.reduce((sum, file) => sum + file.size, 0);
    const id = `file-${added.peek().length + 1}`;
    const [width] = sidesOf(found);
    const input = details.input ?? inputOf(found);
    const row: ModelRow = {
      id,
      title: files[0]!.name,
      about: 'Opened from a file.',
      bytes,
      size: width,
      licence: 'yours',
      examples: [],
      ...details,
      input,
    };
    added.value = [...added.peek(), { row, files, network }];
    await chooseModel(id);
    return true;
  } catch (error) {
    report({ ...explain(error), id: WEIGHTS });
    return false;
  }
}

/** @throws WEIGHTS_UNSUPPORTED for a generator that makes pictures of something else than a picture, such as DCGAN's of random numbers */
function expectTranslator({ weights: { architecture } }: FoundNetwork, name: string): void {
  const network = buildNetwork(architecture);
  if (isGenerator(network) || isLabelledGenerator(network)) return;
  throw new ShadegradError('WEIGHTS_UNSUPPORTED', `${name} makes no pictures of pictures`, {
    expected: 'a generator that translates pictures, as of pix2pix or CycleGAN',
    received: `one that is given random numbers (${architecture.kind})`,
    fix: 'open it in Node: shadegrad generate --weights FILE makes its pictures',
  });
}

const fileOf = async (row: ModelRow, progress: (bytes: number) => void): Promise<File> =>
  new File([await fetchModel(row, progress)], row.file!);

async function openOn(gpu: Gpu, row: ModelRow, files: readonly File[], network?: string): Promise<OpenModel> {
  const found = findNetwork(await openWeightFiles(files), 'generator', network);
  const generator = (await loadNetwork(gpu, found.weights)) as Generator | LabelledGenerator;
  const [width, height] = found.imageSize ?? [generator.imageSizes.own, generator.imageSizes.own];
  return { row, gpu, generator, found, width, height, codings: found.coding ? codingsOf(found.coding) : null };
}

const sidesOf = ({ imageSize, weights }: FoundNetwork): readonly [number, number] => {
  const { size = 256 } = weights.architecture.options as { size?: number };
  return imageSize ?? [size, size];
};

/** Outlines are grey; label maps say so; anything else is a picture. */
function inputOf({ coding, weights }: FoundNetwork): InputKind {
  if (coding?.oneHot !== undefined || coding?.palette !== undefined) return 'labels';
  const { inChannels = 3 } = weights.architecture.options as { inChannels?: number };
  return inChannels === 1 ? 'lines' : 'pictures';
}

function drop(): void {
  const now = state.peek();
  if (now.kind === 'ready') now.model.generator.dispose();
}

function remembered(): string | null {
  try {
    return localStorage.getItem(CHOICE);
  } catch {
    return null;
  }
}

function remember({ id, file }: ModelRow): void {
  if (file === undefined) return;
  try {
    localStorage.setItem(CHOICE, id);
  } catch {
    // Asked again at the next visit.
  }
}

// What was on a lost device is loaded anew on the next one.
let generation: number | undefined;
effect(() => {
  const now = deviceState.value;
  if (now.kind !== 'ready') return;
  const isNew = generation !== undefined && generation !== now.generation;
  generation = now.generation;
  const model = state.peek();
  // One that is still being loaded finds the loss by itself.
  if (isNew && (model.kind === 'ready' || model.kind === 'failed')) batch(() => void chooseModel(idOf(model)));
});
