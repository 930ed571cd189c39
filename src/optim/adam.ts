import { hasGradient, zeroGrad } from '../autograd/gradient-slots.js';
import { ShadegradError } from '../gpu/errors.js';
import { ADAM_HYPER_SIZE, adamHyper, adamStep } from '../kernels/adam.js';
import type { Module } from '../nn/module.js';
import { flat, view, type ArenaWindow } from '../nn/parameter-arena.js';
import { Tensor } from '../tensor/tensor.js';

export interface AdamOptions {
  learningRate?: number;
  /** Decay rates of the two moments. Default 0.9 and 0.999; pix2pix uses 0.5 and 0.999. */
  betas?: readonly [number, number];
  /** Added to the root of the second moment. Default 1e-8. */
  epsilon?: number;
}

/**
 * Adam (Kingma and Ba 2015) with bias correction, as torch.optim.Adam without weight decay. Works on the flat
 * windows of a module's parameters: one dispatch for each run of parameters that got a gradient.
 */
export class Adam {
  readonly betas: readonly [number, number];
  readonly epsilon: number;
  /** Used from the next step on, also by a recorded one. */
  learningRate: number;
  /** Steps taken. */
  stepCount = 0;
  /** For each window of the module's memory. */
  readonly firstMoments: readonly Tensor[];
  readonly secondMoments: readonly Tensor[];
  private readonly hyper: Tensor;

  constructor(
    private readonly module: Module,
    { learningRate = 1e-3, betas = [0.9, 0.999], epsilon = 1e-8 }: AdamOptions = {},
  ) {
    if (!(learningRate >= 0) || !betas.every((beta) => beta >= 0 && beta < 1) || !(epsilon > 0)) {
      throw new ShadegradError('INVALID_ARGUMENT', 'options of Adam', {
        expected: 'learningRate >= 0, betas in [0, 1), epsilon > 0',
        received: `learningRate ${learningRate}, betas ${betas.join(' and ')}, epsilon ${epsilon}`,
        fix: 'pix2pix uses 2e-4, 0.5 and 0.999, 1e-8',
      });
    }
    this.learningRate = learningRate;
    this.betas = betas;
    this.epsilon = epsilon;
    const { windows } = module.memory;
    if (windows.some(({ gradients }) => gradients === null)) {
      throw new ShadegradError('INVALID_ARGUMENT', 'Adam for a module without gradients', {
        expected: 'a module placed with training: true',
        fix: 'module.to(gpu, { training: true })',
      });
    }
    const { gpu } = windows[0]!.values;
    this.firstMoments = windows.map(({ length }) => flat(gpu, length, 'first moments'));
    this.secondMoments = windows.map(({ length }) => flat(gpu, length, 'second moments'));
    this.hyper = Tensor.from(gpu, new Float32Array(ADAM_HYPER_SIZE), [ADAM_HYPER_SIZE], 'Adam hyperparameters').keep();
  }

  /** Updates every parameter that has a gradient. */
  step(): void {
    this.hyper.gpu.eachStep(() => {
      this.stepCount++;
      const [beta1, beta2] = this.betas;
      const { learningRate, epsilon, stepCount: step } = this;
      this.hyper.write(adamHyper({ learningRate, beta1, beta2, epsilon, step }));
    }, [this.hyper.storage]);
    this.module.memory.windows.forEach((window, index) => {
      for (const { start, length } of runsWithGradient(window)) {
        const parts = [window.values, window.gradients!, this.firstMoments[index]!, this.secondMoments[index]!].map((whole) => view(whole, [length], start));
        const [parameters, gradients, firstMoment, secondMoment] = parts as [Tensor, Tensor, Tensor, Tensor];
        adamStep({ parameters, gradients, firstMoment, secondMoment, hyper: this.hyper });
        for (const part of parts) part.dispose();
      }
    });
  }

  /** Forgets the gradients of the module's parameters. */
  zeroGrad(): void {
    zeroGrad(this.module.parameters());
  }

  dispose(): void {
    for (const tensor of [...this.firstMoments, ...this.secondMoments, this.hyper]) tensor.dispose();
  }
}

/** Stretches of a window whose parameters all have a gradient; gaps for alignment do not end one. */
function runsWithGradient(window: ArenaWindow): { start: number; length: number }[] {
  const runs: { start: number; length: number }[] = [];
  let open = false;
  for (const { tensor, offset, size } of window.parameters) {
    if (!hasGradient(tensor)) {
      open = false;
      continue;
    }
    if (!open) runs.push({ start: offset, length: 0 });
    open = true;
    const run = runs[runs.length - 1]!;
    run.length = offset + size - run.start;
  }
  return runs;
}
