import { batch, signal } from '@preact/signals';
import { LatestWins } from 'shadegrad/canvas';
import { deviceState } from '../../common/device.js';
import { modelState, type OpenModel } from '../../common/models.js';
import { dismiss, report, reportError } from '../../common/notices.js';
import { paletteFor } from '../draw/swatches.js';
import { drawCover } from './cover.js';
import { filterFor, FILTERS, knobsOf, type FilterRow } from './filters.js';
import { followFrames } from './frames.js';
import { openLens, type Frame, type Lens } from './lens.js';
import { FrameMean } from './mean.js';
import { NO_COUNTS, Rate, type Counts } from './rate.js';
import { recordCanvas, type Recording } from './recording.js';
import { askCamera, askScreen, listCameras, SourceError, SOURCES, unplayable, type SourceRow } from './sources.js';
import { giveFile, pngOf } from './take-out.js';

/** Whether frames come, and from where. */
export type Standing = { readonly kind: 'off' } | { readonly kind: 'opening' | 'on'; readonly source: SourceRow };

/** Side of pictures while there is no model. */
const SIDE = 256;

/** The state of the page Camera: where frames come from, what is done to them, and what has become of them. */
export class Film {
  readonly standing = signal<Standing>({ kind: 'off' });
  /** The last thing that happened, in words. */
  readonly said = signal('');
  readonly filter = signal<FilterRow>(FILTERS[0]!);
  readonly knobs = signal<Readonly<Record<string, number>>>({});
  readonly isMirrored = signal(true);
  readonly isFrozen = signal(false);
  /** How much of a shown picture is what was there before, from 0 to below 1. */
  readonly smoothing = signal(0);
  readonly counts = signal<Counts>(NO_COUNTS);
  readonly hasResult = signal(false);
  /** Bytes of the recording that runs. */
  readonly recorded = signal<number | null>(null);
  readonly cameras = signal<readonly { readonly id: string; readonly title: string }[]>([]);
  readonly cameraId = signal<string | undefined>(undefined);

  /** What the model is given. */
  preview: HTMLCanvasElement | null = null;
  /** What it makes of it. */
  shown: HTMLCanvasElement | null = null;

  private readonly latest = new LatestWins((work: () => Promise<boolean>) => work());
  private readonly mean = new FrameMean();
  private readonly scratch = new OffscreenCanvas(SIDE, SIDE);
  private rate = new Rate();
  private lens: { readonly lens: Lens; readonly model: OpenModel; readonly mirror: boolean } | null = null;
  private video: HTMLVideoElement | null = null;
  private unfollow: () => void = () => undefined;
  private recording: Recording | null = null;
  /** Sources are counted: what an earlier one still brings is thrown away. */
  private openings = 0;
  private isClosed = false;
  private chosenFilter: string | null = null;

  /** Begins with a camera. */
  openCamera(deviceId: string | undefined = this.cameraId.peek()): Promise<void> {
    return this.open(SOURCES.camera, async (video) => {
      const stream = await askCamera(deviceId);
      video.srcObject = stream;
      this.cameraId.value = stream.getVideoTracks()[0]?.getSettings().deviceId;
      this.cameras.value = await listCameras();
    });
  }

  /** Begins with the screen, a window or a tab, which the browser asks for. */
  openScreen(): Promise<void> {
    return this.open(SOURCES.screen, async (video) => {
      video.srcObject = await askScreen();
    });
  }

  /** Begins with a file, which is played again and again. */
  openFile(file: File): Promise<void> {
    return this.open(SOURCES.file, async (video) => {
      video.loop = true;
      video.src = URL.createObjectURL(file);
      await new Promise<void>((resolve, reject) => {
        video.addEventListener('loadeddata', () => (video.videoWidth > 0 ? resolve() : reject(unplayable(file.name, 'no pictures'))));
        video.addEventListener('error', () => reject(unplayable(file.name, video.error?.message)));
      });
    });
  }

  private async open(source: SourceRow, ask: (video: HTMLVideoElement) => Promise<void>): Promise<void> {
    this.turnOff();
    const opening = this.openings;
    const video = Object.assign(document.createElement('video'), { muted: true, playsInline: true });
    dismiss('camera source');
    dismiss('camera off');
    this.standing.value = { kind: 'opening', source };
    this.said.value = `Waiting for the ${source.name}: the browser may ask whether this page may use it.`;
    try {
      await ask(video);
      if (opening === this.openings) await video.play();
    } catch (error) {
      letGo(video);
      if (opening !== this.openings) return;
      this.stop('');
      if (error instanceof SourceError) report(error.notice);
      else reportError(error);
      return;
    }
    if (opening !== this.openings) return letGo(video);
    for (const track of tracksOf(video))
      track.addEventListener('ended', () => this.video === video && this.stop(`The ${source.name} ended.`));
    this.video = video;
    this.rate = new Rate();
    batch(() => {
      this.isMirrored.value = source.isMirrored;
      this.isFrozen.value = false;
      this.counts.value = NO_COUNTS;
      this.standing.value = { kind: 'on', source };
      this.said.value = `The ${source.name} is on.`;
    });
    this.unfollow = followFrames(video, (missed) => this.frame(missed));
  }

  /** Turns the source off, and says why. */
  stop(words: string): void {
    this.turnOff();
    batch(() => {
      this.standing.value = { kind: 'off' };
      this.said.value = words;
    });
  }

  private turnOff(): void {
    this.openings++;
    this.unfollow();
    this.unfollow = () => undefined;
    if (this.video) letGo(this.video);
    this.video = null;
    this.mean.clear();
    if (this.recording) void this.record(false);
  }

  /** The tab is out of sight: nobody should be filmed by a page that they do not see. */
  hide(): void {
    const standing = this.standing.peek();
    if (standing.kind === 'off') return;
    const { name, whenHidden } = standing.source;
    if (whenHidden === 'stop') {
      this.stop(`The ${name} was turned off, because this page was out of sight.`);
      tellOff();
    } else if (standing.kind === 'on') {
      this.unfollow();
      this.video!.pause();
      this.said.value = `The ${name} waits while this page is out of sight.`;
    }
  }

  /** The tab is in sight again. */
  show(): void {
    const { video } = this;
    if (!video) return;
    this.unfollow();
    this.rate.rest();
    video.play().catch(reportError);
    this.unfollow = followFrames(video, (missed) => this.frame(missed));
    this.said.value = 'It goes on.';
  }

  /** Leaves the page: all is given back. */
  close(): void {
    const { kind, ...rest } = this.standing.peek();
    this.stop('');
    this.isClosed = true;
    void this.latest.run(async () => this.letGoOfLens());
    if (kind !== 'off' && 'source' in rest && rest.source !== SOURCES.file) tellOff();
  }

  /** Takes note of a model, or none, that is now there. */
  setModel(): void {
    const model = readyModel();
    if (model && this.chosenFilter !== model.row.id) {
      this.chosenFilter = model.row.id;
      this.chooseFilter(filterFor(model.row.input));
    }
    if (this.lens && this.lens.model !== model) void this.latest.run(async () => this.letGoOfLens());
  }

  chooseFilter(filter: FilterRow): void {
    batch(() => {
      this.filter.value = filter;
      this.knobs.value = knobsOf(filter);
    });
  }

  setKnob(id: string, value: number): void {
    this.knobs.value = { ...this.knobs.peek(), [id]: value };
  }

  freeze(frozen: boolean): void {
    this.rate.rest();
    this.isFrozen.value = frozen;
    this.said.value = frozen ? 'The picture is held.' : 'It goes on.';
  }

  /** Begins a recording, or ends it and gives its file. */
  async record(on: boolean): Promise<void> {
    const { recording } = this;
    if (on === (recording !== null)) return;
    if (on) {
      this.recording = recordCanvas(this.shown!, (bytes) => this.recording && (this.recorded.value = bytes));
      if (this.recording) this.recorded.value = 0;
      return;
    }
    this.recording = null;
    this.recorded.value = null;
    const file = await recording!.stop();
    if (file.size === 0)
      return report({ id: 'recording', kind: 'hint', title: 'The recording was empty', text: 'No picture came while it ran.' });
    giveFile(file);
    this.said.value = `${file.name} saved`;
  }

  /** Gives the picture that is shown, as a file. */
  async savePicture(): Promise<void> {
    try {
      const file = await pngOf(this.shown!, 'shadegrad-camera.png');
      giveFile(file);
      this.said.value = `${file.name} saved`;
    } catch (error) {
      reportError(error);
    }
  }

  private frame(missed: number): void {
    if (this.isFrozen.peek()) return;
    this.rate.drop(missed);
    const opening = this.openings;
    void this.latest
      .run(() => this.translate(opening))
      .then((outcome) => {
        if (opening !== this.openings || this.isFrozen.peek()) return;
        if (outcome.dropped) this.rate.drop();
        else if (outcome.result) this.rate.add(performance.now());
        this.counts.value = this.rate.counts;
      });
  }

  /** One frame through filter and model. @returns whether it is shown */
  private async translate(opening: number): Promise<boolean> {
    const model = readyModel();
    const isWanted = (): boolean => opening === this.openings && !this.isFrozen.peek() && !this.isClosed;
    const { video } = this;
    if (!isWanted() || !video || video.readyState < video.HAVE_CURRENT_DATA) return false;
    try {
      const frame = this.look(video, model);
      if (!model) return false;
      const lens = await this.lensFor(model);
      await lens.translate(frame);
      if (!isWanted()) return false;
      this.put(lens.canvas);
      return true;
    } catch (error) {
      // Of a model that was let go of, and of a lost device that is opened again, the app tells by itself: another one is on its way.
      if (!isWanted() || readyModel() !== model) return false;
      if ((error as { code?: unknown }).code === 'DEVICE_LOST' && (await isReplaced(model))) return false;
      this.stop('Stopped: the last frame could not be translated.');
      reportError(error);
      return false;
    }
  }

  /** Shows what the model is to be given, and returns it. */
  private look(video: HTMLVideoElement, model: OpenModel | null): Frame {
    const [width, height] = model ? [model.width, model.height] : [SIDE, SIDE];
    const preview = this.preview!;
    if (preview.width !== width || preview.height !== height) [preview.width, preview.height] = [width, height];
    const context = preview.getContext('2d')!;
    const filter = this.filter.peek();
    if (!filter.apply) {
      drawCover(context, video, width, height);
      return video;
    }
    const { scratch } = this;
    if (scratch.width !== width || scratch.height !== height) [scratch.width, scratch.height] = [width, height];
    const plain = scratch.getContext('2d', { willReadFrequently: true })!;
    drawCover(plain, video, width, height);
    const pixels = plain.getImageData(0, 0, width, height);
    filter.apply(pixels, this.knobs.peek(), paletteFor(model?.row.palette));
    context.putImageData(pixels, 0, 0);
    return pixels;
  }

  private async lensFor(model: OpenModel): Promise<Lens> {
    const mirror = this.isMirrored.peek();
    if (this.lens?.model === model && this.lens.mirror === mirror) return this.lens.lens;
    this.letGoOfLens();
    const lens = await openLens(model, mirror, paletteFor(model.row.palette));
    this.lens = { lens, model, mirror };
    return lens;
  }

  private letGoOfLens(): boolean {
    this.lens?.lens.dispose();
    this.lens = null;
    this.mean.clear();
    return false;
  }

  /** Shows a result, or the mean of it and those before. */
  private put(result: OffscreenCanvas): void {
    const { width, height } = result;
    const shown = this.shown!;
    if (shown.width !== width || shown.height !== height) [shown.width, shown.height] = [width, height];
    const context = shown.getContext('2d')!;
    const share = this.smoothing.peek();
    if (share > 0) {
      const pixels = result.getContext('2d')!.getImageData(0, 0, width, height);
      this.mean.add(pixels.data, share);
      context.putImageData(pixels, 0, 0);
    } else {
      this.mean.clear();
      context.drawImage(result, 0, 0);
    }
    this.hasResult.value = true;
  }
}

function readyModel(): OpenModel | null {
  const now = modelState.peek();
  return now.kind === 'ready' ? now.model : null;
}

/** Whether the app knows by now that a model's device is lost. */
async function isReplaced(model: OpenModel | null): Promise<boolean> {
  await new Promise((resolve) => setTimeout(resolve));
  const now = deviceState.peek();
  return now.kind !== 'ready' || now.gpu !== model?.gpu;
}

const tracksOf = (video: HTMLVideoElement): readonly MediaStreamTrack[] =>
  video.srcObject instanceof MediaStream ? video.srcObject.getTracks() : [];

/** Ends a source: a camera's light goes out. */
function letGo(video: HTMLVideoElement): void {
  for (const track of tracksOf(video)) track.stop();
  const { src } = video;
  video.pause();
  video.srcObject = null;
  if (src) URL.revokeObjectURL(src);
  video.removeAttribute('src');
}

function tellOff(): void {
  report({
    id: 'camera off',
    kind: 'hint',
    title: 'Filming has ended',
    text: 'The camera and the screen are used only while the page Camera is in sight.',
  });
}
