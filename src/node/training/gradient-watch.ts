import { gradientNorms } from '../../training/gradient-norms.js';
import type { Trainer } from '../../training/trainer.js';
import type { Gpu } from '../../gpu/gpu.js';
import type { RunHistory } from './history.js';

/** Norms are measured so often, where somebody wants them. */
const EVERY_SECONDS = 2;

/** Has the norms of a run's gradients measured now and then, where a record of its history wants them; no step waits for it. */
export class GradientWatch {
  private since = -Infinity;
  private measured: Promise<void> = Promise.resolve();

  constructor(
    private readonly gpu: Gpu,
    private readonly trainer: Trainer,
    private readonly history: RunHistory,
    private readonly precision: 'f32' | 'f16',
  ) {}

  /** Begins to measure those of the step that was taken last, if it is time. */
  look(): void {
    const now = performance.now() / 1000;
    // In f16 a scale multiplies them, which changes with the step.
    if (!this.history.wantsGradients || this.precision === 'f16' || now - this.since < EVERY_SECONDS) return;
    const { step, networks } = this.trainer;
    const before = this.measured;
    this.since = now;
    this.measured = gradientNorms(this.gpu, networks).then(
      (norms) => before.then(() => this.history.addGradients(step, norms)),
      () => undefined,
    );
    // A record that cannot be written is an error where the run waits for it, and does not end the process before.
    this.measured.catch(() => undefined);
  }

  /** Waits for what is being measured. @throws what writing it down throws, such as WRITE_FAILED */
  async settled(): Promise<void> {
    await this.measured;
  }
}
