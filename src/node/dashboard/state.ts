/** What a dashboard shows of a run, as its page gets it. Numbers that are none are null. */
export interface DashboardState {
  readonly title: string;
  readonly folder: string;
  readonly adapter: string;
  readonly losses: readonly { readonly name: string; readonly label: string; readonly plot: string }[];
  readonly metrics: readonly {
    readonly name: string;
    readonly label: string;
    readonly unit?: string | undefined;
    readonly better: string;
  }[];
  /** The headings of the columns of a preview. */
  readonly columns: readonly string[];
  /** The names of its rows. */
  readonly rows: readonly string[];
  readonly steps: readonly DashboardStep[];
  readonly measured: readonly DashboardMeasure[];
  readonly baseline?: { readonly name: string; readonly metrics: Readonly<Record<string, number>> } | undefined;
  readonly gradients: readonly DashboardGradients[];
  /** The steps that there are previews of. */
  readonly samples: readonly number[];
  readonly patches?: DashboardPatches | undefined;
  readonly status: DashboardStatus;
}

/** The losses of a step, and what else is logged of it; of steps before this process, the losses alone. */
export interface DashboardStep {
  readonly step: number;
  readonly losses: Readonly<Record<string, number>>;
  readonly learningRate?: number;
  readonly imagesPerSecond?: number;
}

/** The metrics of a validation. */
export interface DashboardMeasure {
  readonly step: number;
  readonly metrics: Readonly<Record<string, number>>;
}

/** What a discriminator says of each patch of the first validation image; the pictures stand side by side in one. */
export interface DashboardPatches {
  readonly step: number;
  /** Of each picture its heading, and how real it is taken for in the mean, from 0 to 1. */
  readonly maps: readonly { readonly title: string; readonly mean: number }[];
}

/** The norms of the gradients of a step, by network. */
export interface DashboardGradients {
  readonly step: number;
  readonly norms: Readonly<Record<string, number>>;
}

/** What changes all the time. */
export interface DashboardStatus {
  readonly state: 'running' | 'paused' | 'ended';
  /** What the run does besides, or is about to do. */
  readonly doing?: string | undefined;
  readonly step: number;
  readonly totalSteps: number;
  readonly epoch: number;
  readonly imagesPerSecond?: number | undefined;
  readonly learningRate?: number | undefined;
  readonly secondsLeft?: number | undefined;
  /** Of training so far. */
  readonly seconds: number;
  /** Of GPU memory: what is in use, what waits to be used again, and the most that ever was. */
  readonly memory: { readonly inUse: number; readonly pooled: number; readonly peak: number };
  /** The step of the last checkpoint. */
  readonly savedStep?: number | undefined;
}

/** A run as a dashboard sees it. None of these waits for a device. */
export interface DashboardRun {
  state(): DashboardState;
  /** The folder of the run. */
  readonly path: string;
  /** The preview of a step; undefined for a step that has none. */
  previewOf(step: number): string | undefined;
  /** The newest maps of patches, as a PNG. */
  patches(): Uint8Array | undefined;
  /** What a page may ask a run to do, by name. */
  readonly controls: Readonly<Record<'pause' | 'resume' | 'save', () => void>>;
}
