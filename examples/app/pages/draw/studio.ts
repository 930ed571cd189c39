import { batch, computed, signal } from '@preact/signals';
import type { Palette } from 'shadegrad';
import { CanvasTranslator, fromPixels, toCanvas, type DrawOptions } from 'shadegrad/canvas';
import type { InputKind } from '../../common/model-rows.js';
import type { OpenModel } from '../../common/models.js';
import { explain, report } from '../../common/notices.js';
import { Editor } from './editor.js';
import { keepDrawing } from './kept.js';
import { Lane } from './lane.js';
import { Pace } from './pace.js';
import { colourInto } from './pixels.js';
import type { Raster, Rect } from './raster.js';
import { firstSwatch, swatchesFor, type Swatch } from './swatches.js';
import { toolsFor, type Tool } from './tools.js';

/** What a drawing is of: its kind, its palette and its size. Another one has another editor. */
export interface Subject {
  readonly input: InputKind;
  readonly palette: Palette;
  readonly width: number;
  readonly height: number;
}

/** A translation that is done. Its pixels lie on the canvas of results. */
export interface Result {
  readonly seed: number;
  /** Which state of the drawing it is of. */
  readonly revision: number;
  readonly milliseconds: number;
}

/** A translation that was made beside the one that is shown. */
export interface OtherResult extends Result {
  readonly image: ImageData;
}

/** A variant of the strip: none yet while it is still to come. */
export interface Variant {
  readonly seed: number;
  readonly result: OtherResult | null;
}

/** A model's translator, with the canvas that it shows its results on. */
interface Showing {
  readonly translator: CanvasTranslator;
  readonly canvas: HTMLCanvasElement;
}

/** Whether translation waits for something, runs, or did not work. */
export type Work = 'waiting' | 'running' | 'failed';

/** How many variants the strip has. */
const VARIANTS = 6;
/** Seeds are short, so that people can tell each other them. */
const MOST_SEED = 9999;

export const anySeed = (): number => 1 + Math.floor(Math.random() * MOST_SEED);

/** Whatever the page is about: the drawing with its tools, the model, and what the model makes of the drawing. */
export class Studio {
  readonly subject = signal<Subject | null>(null);
  readonly editor = signal<Editor | null>(null);
  readonly swatches = signal<readonly Swatch[]>([]);
  readonly tool = signal<Tool | null>(null);
  /** The chosen swatch. */
  readonly value = signal(1);
  readonly size = signal(8);
  readonly canUndo = signal(false);
  readonly canRedo = signal(false);
  /** Counts the states of the drawing. */
  readonly revision = signal(0);
  readonly model = signal<OpenModel | null>(null);
  readonly seed = signal(1);
  /** Whether the seed stays as it is; else each stroke has one of its own. */
  readonly isLocked = signal(true);
  /** Whether translation follows the hand, as the person chose; null: as quick as the model is. */
  readonly wantsLive = signal<boolean | null>(null);
  readonly isQuick = signal(true);
  readonly isLive = computed(() => this.wantsLive.value ?? this.isQuick.value);
  readonly result = signal<Result | null>(null);
  /** The canvas of results: another one for each model, as a context belongs to one device. */
  readonly canvas = signal<HTMLCanvasElement | null>(null);
  readonly work = signal<Work>('waiting');
  readonly variants = signal<readonly Variant[] | null>(null);
  /** What was done last, in words: screen readers say it. */
  readonly said = signal('');
  /** The bytes of the drawing's canvas. */
  pixels: ImageData | null = null;

  private readonly painters = new Set<(rect: Rect) => void>();
  private readonly pace = new Pace();
  private readonly lane = new Lane<void>(() => this.translateNow());
  private showing: Showing | null = null;
  /** Pixels of a result that did not come onto the canvas by the translator. */
  private brought: ImageData | null = null;
  private isFirst = true;
  private isClosed = false;

  /** Begins a drawing, in place of the one before. */
  begin(subject: Subject, raster: Raster): void {
    const swatches = swatchesFor(subject.input, subject.palette);
    const tools = toolsFor(subject.input);
    const isOther = this.subject.peek()?.input !== subject.input || this.subject.peek()?.palette !== subject.palette;
    const editor = new Editor(raster, 0, {
      changed: (rect, isWhole) => this.changed(rect, isWhole),
      picked: (value) => this.pick(value),
    });
    this.pixels = new ImageData(raster.width, raster.height);
    colourInto(this.pixels.data, raster, swatches);
    batch(() => {
      this.subject.value = subject;
      this.swatches.value = swatches;
      if (isOther) {
        this.tool.value = tools[0] ?? null;
        this.value.value = firstSwatch(swatches);
        this.size.value = subject.input === 'lines' ? 2 : Math.max(2, Math.round(raster.width / 32));
      }
      this.editor.value = editor;
      this.canUndo.value = false;
      this.canRedo.value = false;
      this.result.value = null;
      this.revision.value++;
    });
    this.translate();
  }

  /** Calls a function with each part of the drawing that changes. @returns what ends that */
  onPaint(paint: (rect: Rect) => void): () => void {
    this.painters.add(paint);
    return () => this.painters.delete(paint);
  }

  /** The pixels of the result as it is shown; null where there is none. */
  async resultPixels(): Promise<ImageData | null> {
    if (!this.result.peek()) return null;
    return this.brought ?? (await this.showing?.translator.pixels()) ?? null;
  }

  /** Takes a swatch, and says its name. */
  pick(value: number): void {
    const swatch = this.swatches.peek()[value];
    if (!swatch) return;
    this.value.value = value;
    this.say(`${swatch.name} chosen`);
  }

  /** Takes a tool, and says its name. */
  take(tool: Tool): void {
    this.tool.value = tool;
    this.say(`${tool.title} chosen`);
  }

  resize(size: number): void {
    this.size.value = Math.min(64, Math.max(1, Math.round(size)));
  }

  undo(): void {
    if (this.editor.peek()?.undo()) this.say('Undone');
  }

  redo(): void {
    if (this.editor.peek()?.redo()) this.say('Done again');
  }

  clear(): void {
    const editor = this.editor.peek();
    editor?.clear(editor.raster.channels === 3 ? 255 : editor.paper);
    this.say('Cleared');
  }

  /** Throws the dice, whether they are locked or not. */
  throwDice(): void {
    this.chooseSeed(anySeed());
  }

  chooseSeed(seed: number): void {
    this.seed.value = seed;
    this.say(`Seed ${seed}`);
    this.translate();
  }

  say(words: string): void {
    this.said.value = words;
  }

  /** Opens or closes the strip of variants. */
  showVariants(shown: boolean): void {
    this.variants.value = shown ? this.otherSeeds() : null;
    this.translate();
  }

  /** Other variants in the strip. */
  moreVariants(): void {
    this.variants.value = this.otherSeeds();
    this.translate();
  }

  /** Takes a variant of the strip as the result. */
  takeVariant({ seed }: Variant): void {
    this.chooseSeed(seed);
  }

  /** Takes a model, or none: what it was before is let go of once it no longer runs. */
  async setModel(model: OpenModel | null): Promise<void> {
    if (model === this.model.peek()) return;
    this.model.value = model;
    this.lane.clear();
    await this.lane.idle();
    if (this.model.peek() !== model) return;
    this.letGo();
    this.pace.clear();
    this.isFirst = true;
    batch(() => {
      this.result.value = null;
      this.isQuick.value = true;
      this.work.value = 'waiting';
    });
    this.translate();
  }

  /** Translates the drawing as it is; where one runs, the newest state is translated after it. */
  translate(): void {
    if (this.model.peek() && this.editor.peek() && !this.isClosed) this.lane.ask();
  }

  /** Gives back what the page holds on the device. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.lane.clear();
    await this.lane.idle();
    this.letGo();
  }

  private letGo(): void {
    this.showing?.translator.dispose();
    this.showing = null;
    this.brought = null;
  }

  private changed(rect: Rect, isWhole: boolean): void {
    const editor = this.editor.peek()!;
    const subject = this.subject.peek()!;
    colourInto(this.pixels!.data, editor.raster, this.swatches.peek(), rect);
    for (const paint of this.painters) paint(rect);
    if (isWhole) {
      batch(() => {
        this.canUndo.value = editor.canUndo;
        this.canRedo.value = editor.canRedo;
        this.revision.value++;
        if (!this.isLocked.peek()) this.seed.value = anySeed();
      });
      keepDrawing(subject, editor.raster);
    }
    if (isWhole || this.isLive.peek()) this.translate();
  }

  private otherSeeds(): Variant[] {
    const first = anySeed();
    return Array.from({ length: VARIANTS }, (_, at) => ({ seed: ((first + at * 37) % MOST_SEED) + 1, result: null }));
  }

  /** Runs in the lane: the drawing's newest state, then variants for as long as nothing newer is asked for. */
  private async translateNow(): Promise<void> {
    const model = this.model.peek();
    if (!model || this.isClosed) return;
    this.work.value = 'running';
    try {
      const seed = this.seed.peek();
      const shown = this.result.peek();
      const isShown = shown?.revision === this.revision.peek() && shown.seed === seed && !this.editor.peek()?.isDrawing;
      if (!isShown) {
        const known = this.variants.peek()?.find((each) => each.seed === seed)?.result;
        const isKnown = known?.revision === this.revision.peek() && !this.editor.peek()?.isDrawing;
        this.result.value = known && isKnown ? await this.bring(model, known) : await this.run(model, seed);
      }
      await this.runVariants(model);
      this.work.value = 'waiting';
    } catch (error) {
      // What a model that was let go of, or one on a lost device, still says is nothing to tell: another one is on its way.
      if (this.model.peek() !== model || (error as { code?: unknown }).code === 'DEVICE_LOST') return;
      this.work.value = 'failed';
      this.lane.clear();
      report(explain(error));
    }
  }

  private async runVariants(model: OpenModel): Promise<void> {
    for (const { seed, result } of this.variants.peek() ?? []) {
      if (this.lane.hasNewer || this.isClosed || this.model.peek() !== model || this.editor.peek()?.isDrawing) return;
      if (result?.revision === this.revision.peek()) continue;
      const { translator } = await this.show(model);
      const [timed, image] = await this.timed(seed, () => translator.translate(this.pixels!, optionsOf(model, seed)));
      const now = this.variants.peek();
      if (!image || !now) continue;
      const made = { ...timed, image };
      this.variants.value = now.map((each) => (each.seed === seed ? { seed, result: made } : each));
    }
  }

  private async run(model: OpenModel, seed: number): Promise<Result> {
    const { translator, canvas } = await this.show(model);
    const [result] = await this.timed(seed, () => translator.draw(this.pixels!, optionsOf(model, seed)));
    this.brought = null;
    this.canvas.value = canvas;
    return result;
  }

  /** Shows a result that is there already. */
  private async bring(model: OpenModel, { image, ...result }: OtherResult): Promise<Result> {
    const { canvas } = await this.show(model);
    const pixels = fromPixels(model.gpu, image);
    try {
      await toCanvas(pixels, canvas);
    } finally {
      pixels.dispose();
    }
    this.brought = image;
    this.canvas.value = canvas;
    return result;
  }

  /** Translates, and takes note of how long it took. */
  private async timed<Made>(seed: number, translate: () => Promise<Made>): Promise<[Result, Made]> {
    // A state that still changes is none that a result could be kept for.
    const revision = this.editor.peek()!.isDrawing ? -1 : this.revision.peek();
    const start = performance.now();
    const made = await translate();
    const milliseconds = performance.now() - start;
    if (this.isFirst) this.isFirst = false;
    else {
      this.pace.add(milliseconds);
      this.isQuick.value = this.pace.isLive;
    }
    return [{ seed, revision, milliseconds }, made];
  }

  private async show(model: OpenModel): Promise<Showing> {
    if (this.showing) return this.showing;
    const { gpu, generator, width, height, codings, found } = model;
    const canvas = document.createElement('canvas');
    const palette = paletteOf(model, this.subject.peek()!.palette);
    const translator = await CanvasTranslator.create(gpu, generator, {
      ...{ canvas, codings, palette, size: [width, height] },
      statistics: found.statistics,
    });
    return (this.showing = { translator, canvas });
  }
}

/** The seed, and the first of the labels that a model may take. */
const optionsOf = ({ generator }: OpenModel, seed: number): DrawOptions =>
  'labels' in generator ? { seed, labels: Array.from({ length: generator.labels }, (_, at) => (at === 0 ? 1 : 0)) } : { seed };

/** The palette of a model of classes, of as many as it has: what is drawn of further ones is none to it. */
function paletteOf({ found }: OpenModel, palette: Palette): Palette | undefined {
  const count = found.coding?.oneHot;
  if (count === undefined) return undefined;
  const further = palette.classes.slice(count).map(({ colour }) => colour);
  return { ...palette, classes: palette.classes.slice(0, count), ignored: [...further, ...palette.ignored] };
}
