import { ReduceOnPlateau, type PlateauState } from '../../optim/plateau.js';
import { ratePolicy } from '../rate-policies.js';
import type { OptionValue } from '../option-table.js';
import type { TrainingScheme } from '../scheme.js';

/** What measurements have made of a run so far; a checkpoint keeps it as JSON under `measured`. */
export interface MeasuredState {
  /** The learning rate, where its policy follows what is measured. */
  readonly rate?: number;
  readonly plateau?: PlateauState;
  readonly best?: BestState;
}

/** The best validation so far, by one metric. */
export interface BestState {
  readonly metric: string;
  /** As a text: JSON has no infinity. Null where no validation gave a number. */
  readonly value: string | null;
  /** The step of that validation. */
  readonly step: number | null;
  /** Validations since then. */
  readonly without: number;
}

/** Reads what a checkpoint keeps under `measured`; nothing where it has none, or what is none. */
export function measuredState(saved: unknown): MeasuredState | undefined {
  if (typeof saved !== 'string') return undefined;
  try {
    const state = JSON.parse(saved) as MeasuredState | null;
    return typeof state === 'object' && state !== null ? state : undefined;
  } catch {
    return undefined;
  }
}

/** The settings of a run that say what it does by its validations. */
export interface MeasuredSettings {
  readonly learningRate: number;
  readonly lrPolicy: OptionValue;
  readonly lrDecayFactor: OptionValue;
  readonly best: OptionValue;
  readonly earlyStop: OptionValue;
}

/** What a run does by its validations: the first metric of the scheme decides. */
export class Measured {
  private readonly metric: string;
  private readonly plateau: ReduceOnPlateau | null;
  private readonly group: { learningRate: number };
  /** Null where nobody asks for the best. */
  private best: BestState | null;
  private readonly largeIsBetter: boolean;
  private readonly patience: number | null;

  /** @param saved of the checkpoint that the run goes on from */
  constructor(scheme: Pick<TrainingScheme, 'metrics'>, settings: MeasuredSettings, saved: MeasuredState = {}) {
    const [[metric, { better }]] = Object.entries(scheme.metrics) as [[string, TrainingScheme['metrics'][string]]];
    this.metric = metric;
    this.group = { learningRate: saved.rate ?? settings.learningRate };
    const { plateau } = ratePolicy(settings.lrPolicy as string | null);
    const factor = (settings.lrDecayFactor ?? null) as number | null;
    this.plateau = plateau
      ? new ReduceOnPlateau(
          { groups: [this.group] },
          { ...plateau, ...(factor !== null && { factor }), mode: better === 'lower' ? 'min' : 'max' },
        )
      : null;
    if (saved.plateau) this.plateau?.loadState(saved.plateau);
    this.patience = (settings.earlyStop ?? null) as number | null;
    const asked = (settings.best ?? null) as string | null;
    const by = asked ?? metric;
    this.largeIsBetter = scheme.metrics[by]!.better === 'higher';
    // Of another metric than before, it begins anew.
    const begun = saved.best?.metric === by ? saved.best : { metric: by, value: null, step: null, without: 0 };
    this.best = asked !== null || this.patience !== null ? begun : null;
  }

  /** The best validation so far, where somebody asks for it. */
  get bestSoFar(): BestState | null {
    return this.best;
  }

  /** Whether something of the run follows from what is measured, so that it has to be measured at the same steps again. */
  get decides(): boolean {
    return this.plateau !== null || this.best !== null;
  }

  /** Whether the best has been so long ago that the run is to stop. */
  get stops(): boolean {
    return this.patience !== null && this.best !== null && this.best.without >= this.patience;
  }

  /** The rate that measurements have left, where the policy follows them. */
  get rate(): number | undefined {
    return this.plateau ? this.group.learningRate : undefined;
  }

  /** Takes the validation of a step. */
  add(step: number, metrics: Readonly<Record<string, number>>): void {
    this.plateau?.step(metrics[this.metric]!);
    const { best } = this;
    if (best === null) return;
    const value = metrics[best.metric]!;
    const bar = best.value === null ? null : Number(best.value);
    const isBetter = !Number.isNaN(value) && (bar === null || (this.largeIsBetter ? value > bar : value < bar));
    this.best = isBetter ? { ...best, value: String(value), step, without: 0 } : { ...best, without: best.without + 1 };
  }

  /** What a checkpoint is to keep under `measured`; null where there is nothing. */
  saved(): string | null {
    const { plateau, best } = this;
    if (!plateau && !best) return null;
    const state: MeasuredState = {
      ...(plateau && { rate: this.group.learningRate, plateau: plateau.state() }),
      ...(best && { best }),
    };
    return JSON.stringify(state);
  }
}
