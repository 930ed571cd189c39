import { deviceState } from '../../common/device.js';
import { modelState, type OpenModel } from '../../common/models.js';
import { paletteFor } from '../draw/swatches.js';
import { drawCover } from './cover.js';
import type { FilterRow } from './filters.js';
import { openLens, type Frame, type Lens } from './lens.js';
import { FrameMean } from './mean.js';

/** What the person has set, asked for at each frame. */
export interface FrameSettings {
  filter(): FilterRow;
  knobs(): Readonly<Record<string, number>>;
  isMirrored(): boolean;
  /** How much of a shown picture is what was there before, from 0 to below 1. */
  smoothing(): number;
}

/** A canvas of the page, while it is there. */
interface CanvasRef {
  current: HTMLCanvasElement | null;
}

/** Side of pictures while there is no model. */
const SIDE = 256;

/** How long the app may take to notice that a device is lost, in milliseconds. */
const NOTICE_OF_LOSS = 2000;

/** Takes frames of a video through the filter and the app's model, onto two canvases of the page. */
export class FrameTranslator {
  /** What the model is given. */
  readonly preview: CanvasRef = { current: null };
  /** What it makes of it. */
  readonly shown: CanvasRef = { current: null };

  private readonly mean = new FrameMean();
  private readonly scratch = new OffscreenCanvas(SIDE, SIDE);
  /** What the model is given now; the page shows it when the result is there, so that both are of one frame. */
  private readonly given = new OffscreenCanvas(SIDE, SIDE);
  /** Whether a result of this source is shown. */
  private hasShown = false;
  private lens: { readonly lens: Lens; readonly model: OpenModel } | null = null;

  constructor(private readonly settings: FrameSettings) {}

  /**
   * Takes what a video shows now through the filter, and through the model where there is one. Never called while an earlier call runs.
   *
   * @param isWanted whether the result is still to be shown when it is there
   * @returns whether a result is shown
   * @throws what the library throws, but for a model that has been left, and a device whose loss the app deals with
   */
  async translate(video: HTMLVideoElement, isWanted: () => boolean): Promise<boolean> {
    const model = readyModel();
    this.leaveOthers(model);
    if (video.readyState < video.HAVE_CURRENT_DATA || video.videoWidth === 0) return false;
    const frame = this.look(video, model);
    // Nothing else is there to be seen without a model, and until the first result, which may take a while.
    if (!model || !this.hasShown) this.preview.current!.getContext('2d')!.drawImage(this.given, 0, 0);
    if (!model) return false;
    try {
      this.lens ??= { model, lens: await openLens(model, paletteFor(model.row.palette)) };
      const { lens } = this.lens;
      await lens.translate(frame);
      if (!isWanted()) return false;
      this.put(lens.canvas);
      this.preview.current!.getContext('2d')!.drawImage(this.given, 0, 0);
      this.hasShown = true;
      return true;
    } catch (error) {
      if (readyModel() !== model) return false;
      if ((error as { code?: unknown }).code === 'DEVICE_LOST' && (await isKnownAsLost(model))) return false;
      this.leaveOthers(null);
      throw error;
    }
  }

  /** Forgets the frames before. */
  forget(): void {
    this.hasShown = false;
    this.mean.clear();
  }

  /** Gives back what the frames of any other model needed; the canvases keep what they show. */
  leaveOthers(model: OpenModel | null): void {
    if (!this.lens || this.lens.model === model) return;
    this.lens.lens.dispose();
    this.lens = null;
    this.mean.clear();
  }

  /** Makes what the model is to be given, and returns it. */
  private look(video: HTMLVideoElement, model: OpenModel | null): Frame {
    const { given, scratch, settings } = this;
    const { width, height } = model ?? { width: SIDE, height: SIDE };
    for (const canvas of [this.preview.current!, given, scratch]) fit(canvas, width, height);
    const context = given.getContext('2d')!;
    const filter = settings.filter();
    if (!filter.apply) {
      drawCover(context, video, settings.isMirrored());
      return given;
    }
    const plain = scratch.getContext('2d', { willReadFrequently: true })!;
    drawCover(plain, video, settings.isMirrored());
    const pixels = plain.getImageData(0, 0, width, height);
    filter.apply(pixels, settings.knobs(), paletteFor(model?.row.palette));
    context.putImageData(pixels, 0, 0);
    return pixels;
  }

  /** Shows a result, or the mean of it and those before. */
  private put(result: OffscreenCanvas): void {
    const { width, height } = result;
    const shown = this.shown.current!;
    fit(shown, width, height);
    const context = shown.getContext('2d')!;
    const share = this.settings.smoothing();
    if (share > 0) {
      const pixels = result.getContext('2d')!.getImageData(0, 0, width, height);
      this.mean.add(pixels.data, share);
      context.putImageData(pixels, 0, 0);
    } else {
      this.mean.clear();
      context.drawImage(result, 0, 0);
    }
  }
}

/** Gives a canvas its sides; one that has them keeps what it shows. */
function fit(canvas: HTMLCanvasElement | OffscreenCanvas, width: number, height: number): void {
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
}

/** The app's model, where it is there. */
export function readyModel(): OpenModel | null {
  const now = modelState.peek();
  return now.kind === 'ready' ? now.model : null;
}

/** Whether the app knows, or soon does, that a model's device is lost: it then opens another one. */
async function isKnownAsLost({ gpu }: OpenModel): Promise<boolean> {
  await Promise.race([gpu.device.lost, new Promise((resolve) => setTimeout(resolve, NOTICE_OF_LOSS))]);
  // What else waits for the loss has its turn first.
  await new Promise((resolve) => setTimeout(resolve));
  const now = deviceState.peek();
  return now.kind !== 'ready' || now.gpu !== gpu;
}
