import { batch, signal } from '@preact/signals';
import { LatestWins } from 'shadegrad/canvas';
import type { DeviceState } from '../../common/device.js';
import type { OpenModel } from '../../common/models.js';
import { dismiss, report, reportError } from '../../common/notices.js';
import { filterFor, FILTERS, knobsOf, type FilterRow } from './filters.js';
import { FrameTranslator, readyModel } from './frame-translator.js';
import { followFrames } from './frames.js';
import { NO_COUNTS, Rate, type Counts } from './rate.js';
import { recordCanvas, type Recording } from './recording.js';
import { askCamera, askScreen, listCameras, loadFile, looksBack, SourceError, SOURCES, type SourceRow } from './sources.js';
import { giveFile, pngOf } from './take-out.js';
import { letGo, newVideo, tracksOf } from './video.js';

/** Whether frames come, and from where; 'asleep' while the page is out of sight. */
export type Standing = { readonly kind: 'off' } | { readonly kind: 'opening' | 'on' | 'asleep'; readonly source: SourceRow };

/** After this time without a frame the person is told, in milliseconds. */
const PATIENCE = 6000;

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

  /** What is done to frames, and the canvases that they are on. */
  readonly frames = new FrameTranslator({
    filter: () => this.filter.peek(),
    knobs: () => this.knobs.peek(),
    isMirrored: () => this.isMirrored.peek(),
    smoothing: () => this.smoothing.peek(),
  });

  private readonly latest = new LatestWins((work: () => Promise<boolean>) => work());
  private rate = new Rate();
  private video: HTMLVideoElement | null = null;
  private unfollow: () => void = () => undefined;
  private patience: ReturnType<typeof setTimeout> | undefined;
  private isSilent = false;
  private recording: Recording | null = null;
  /** Sources are counted: what an earlier one still brings is thrown away. */
  private openings = 0;
  private chosenFilter: string | null = null;
  /** Whether the model's device is lost. */
  private isStill = false;

  /** Begins with a camera. */
  openCamera(deviceId: string | undefined = this.cameraId.peek()): Promise<boolean> {
    this.endRecording();
    return this.open(SOURCES.camera, (video) => this.turnCameraOn(video, deviceId));
  }

  private async turnCameraOn(video: HTMLVideoElement, deviceId: string | undefined): Promise<void> {
    const stream = await askCamera(deviceId);
    video.srcObject = stream;
    this.cameraId.value = stream.getVideoTracks()[0]?.getSettings().deviceId;
    this.cameras.value = await listCameras();
  }

  /** Begins with the screen, a window or a tab, which the browser asks for. */
  openScreen(): Promise<boolean> {
    this.endRecording();
    return this.open(SOURCES.screen, async (video) => {
      video.srcObject = await askScreen();
    });
  }

  /** Begins with a file, which is played again and again. */
  openFile(file: File): Promise<boolean> {
    this.endRecording();
    return this.open(SOURCES.file, (video) => loadFile(video, file));
  }

  /** @returns whether it is on; where it is not, that has been told */
  private async open(source: SourceRow, ask: (video: HTMLVideoElement) => Promise<void>, isAgain = false): Promise<boolean> {
    this.turnOff();
    const opening = this.openings;
    const video = newVideo();
    this.video = video;
    dismiss('camera source');
    dismiss('camera off');
    this.standing.value = { kind: 'opening', source };
    this.said.value = `Waiting for the ${source.name}${source.id === 'file' ? '' : ': the browser may ask whether this page may use it'}.`;
    try {
      await ask(video);
      if (opening === this.openings) {
        this.expectFrame(source);
        await video.play();
      }
    } catch (error) {
      letGo(video);
      if (opening !== this.openings) return false;
      // What ran before was turned off for it.
      this.stop(`The ${source.name} could not be opened: nothing is on.`);
      if (error instanceof SourceError) report(error.notice);
      else reportError(error);
      return false;
    }
    if (opening !== this.openings) {
      letGo(video);
      return false;
    }
    const [track] = tracksOf(video);
    const tell = (event: string, words: () => void): void => track?.addEventListener(event, () => this.video === video && words());
    tell('ended', () => this.stop(`The ${source.name} ended.`));
    tell('mute', () => (this.said.value = `The ${source.name} gives no picture now. ${source.ifSilent}`));
    tell('unmute', () => (this.said.value = 'It goes on.'));
    batch(() => {
      if (!isAgain) {
        this.rate = new Rate();
        this.counts.value = NO_COUNTS;
        this.isMirrored.value = looksBack(track, source);
        this.isFrozen.value = false;
      }
      this.standing.value = { kind: 'on', source };
      this.said.value = `The ${source.name} is on.`;
    });
    this.unfollow = followFrames(video, (missed) => this.frame(missed));
    if (document.hidden) this.hide();
    return true;
  }

  /** Tells after a while if no frame has come. */
  private expectFrame({ name, ifSilent }: SourceRow): void {
    this.patience = setTimeout(() => {
      this.isSilent = true;
      this.said.value = `No picture comes from the ${name}. ${ifSilent}`;
    }, PATIENCE);
  }

  /** Turns the source off, and says why. */
  stop(words: string): void {
    this.turnOff();
    this.endRecording();
    batch(() => {
      this.standing.value = { kind: 'off' };
      this.said.value = words;
    });
  }

  private turnOff(): void {
    this.openings++;
    clearTimeout(this.patience);
    this.isSilent = false;
    this.unfollow();
    this.unfollow = () => undefined;
    if (this.video) letGo(this.video);
    this.video = null;
    this.frames.forget();
  }

  /** The tab is out of sight: nobody should be filmed by a page that they do not see. */
  hide(): void {
    const standing = this.standing.peek();
    // What is being opened is put to sleep as soon as it is on.
    if (standing.kind !== 'on') return;
    const { source } = standing;
    this.recording?.pause();
    if (source.whenHidden === 'stop') this.turnOff();
    else {
      this.unfollow();
      this.video!.pause();
    }
    this.standing.value = { kind: 'asleep', source };
    this.said.value = `The ${source.name} is off while this page is out of sight.`;
  }

  /** The tab is in sight again: it goes on as it was. */
  async show(): Promise<void> {
    const standing = this.standing.peek();
    if (standing.kind !== 'asleep') return;
    const { source } = standing;
    this.rate.rest();
    if (source.whenHidden === 'stop') {
      if (!(await this.open(source, (video) => this.turnCameraOn(video, this.cameraId.peek()), true))) return;
    } else {
      const video = this.video!;
      this.standing.value = { kind: 'on', source };
      this.unfollow = followFrames(video, (missed) => this.frame(missed));
      video.play().catch(reportError);
    }
    if (this.standing.peek().kind !== 'on') return;
    this.recording?.resume();
    this.said.value = `The ${source.name} was off while this page was out of sight, and goes on.`;
  }

  /** Leaves the page: all is given back. */
  close(): void {
    const standing = this.standing.peek();
    this.stop('');
    this.leaveModels(null);
    if (standing.kind === 'on' && standing.source !== SOURCES.file) tellOff(standing.source);
  }

  /** Takes note of the app's model, or of none. */
  setModel(): void {
    const model = readyModel();
    if (model && this.chosenFilter !== model.row.id) {
      this.chosenFilter = model.row.id;
      this.chooseFilter(filterFor(model.row.input));
    }
    this.leaveModels(model);
    if (!model || !this.isStill) return;
    this.isStill = false;
    if (this.standing.peek().kind === 'on') this.said.value = 'It goes on.';
  }

  /** Takes note of the state of the app's device. */
  setDevice({ kind }: DeviceState): void {
    // A model outlives its device until the next one is there.
    if (kind === 'ready' || !readyModel() || this.standing.peek().kind !== 'on') return;
    this.isStill = true;
    this.said.value = 'The picture stands still until the graphics processor is back.';
  }

  /** Gives back what the frames of any other model needed, after the one that runs. */
  private leaveModels(but: OpenModel | null): void {
    void this.latest.run(async () => {
      this.frames.leaveOthers(but);
      return false;
    });
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

  /** Begins a recording, whose file is given when it ends. */
  record(): void {
    if (this.recording) return;
    const recording = recordCanvas(this.frames.shown.current!, (bytes) => this.recording === recording && (this.recorded.value = bytes));
    if (!recording) return;
    this.recording = recording;
    this.recorded.value = 0;
    void recording.file.then((file) => {
      if (this.recording === recording) this.endRecording();
      if (file.size === 0)
        return report({ id: 'recording', kind: 'hint', title: 'The recording was empty', text: 'No picture came while it ran.' });
      giveFile(file);
      this.said.value = `${file.name} saved`;
    });
  }

  /** Ends the recording, if there is one. */
  endRecording(): void {
    this.recording?.stop();
    this.recording = null;
    this.recorded.value = null;
  }

  /** Gives the picture that is shown, as a file. */
  async savePicture(): Promise<void> {
    try {
      const file = await pngOf(this.frames.shown.current!, 'shadegrad-camera.png');
      giveFile(file);
      this.said.value = `${file.name} saved`;
    } catch (error) {
      reportError(error);
    }
  }

  private frame(missed: number): void {
    clearTimeout(this.patience);
    if (this.isSilent) this.said.value = 'Pictures come now.';
    this.isSilent = false;
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

  /** @returns whether the frame is shown */
  private async translate(opening: number): Promise<boolean> {
    const { video } = this;
    const isWanted = (): boolean => opening === this.openings && !this.isFrozen.peek();
    if (!video || !isWanted()) return false;
    try {
      const isShown = await this.frames.translate(video, isWanted);
      if (isShown) this.hasResult.value = true;
      return isShown;
    } catch (error) {
      if (!isWanted()) return false;
      this.stop('Stopped: the last frame could not be translated.');
      reportError(error);
      return false;
    }
  }
}

function tellOff({ name }: SourceRow): void {
  report({
    id: 'camera off',
    kind: 'hint',
    title: `The ${name} was turned off`,
    text: 'It is used only while the page Camera is open.',
  });
}
