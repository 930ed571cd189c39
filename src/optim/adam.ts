import { hasGradient, zeroGrad } from '../autograd/gradient-slots.js';
import { ShadegradError } from '../gpu/errors.js';
import type { Gpu } from '../gpu/gpu.js';
import { ADAM_HYPER_SIZE, adamHyper, adamStep } from '../kernels/adam.js';
import type { Module } from '../nn/module.js';
import { flat, view, type ArenaWindow, type PlacedParameter } from '../nn/parameter-arena.js';
import { Tensor } from '../tensor/tensor.js';

export interface AdamOptions {
  /** Size of a step, at least 0. Default 1e-3; pix2pix uses 2e-4. */
  learningRate?: number;
  /** Decay rates of the two moments, from 0 to below 1. Default 0.9 and 0.999; pix2pix uses 0.5 and 0.999. */
  betas?: readonly [number, number];
  /** Added to the root of the second moment; above 0. Default 1e-8. */
  epsilon?: number;
}

/** Neighbouring parameters of a window that one dispatch updates. */
interface Run {
  readonly window: number;
  readonly start: number;
  length: number;
}

/** Parameters that have taken as many steps: they share the numbers that depend on it. */
interface Group {
  readonly parameters: Tensor[];
  readonly runs: Run[];
  /** From adamHyper(). */
  readonly hyper: Tensor;
}

/**
 * Adam (Kingma and Ba 2015) with bias correction, as torch.optim.Adam without weight decay. As there, each parameter counts
 * its own steps: one that had no gradient is not counted, and a parameter that is thawed late begins with its first step.
 * Works on the flat windows of a module's parameters: one dispatch for each run of parameters that got a gradient and have
 * taken as many steps. The module may be a part of a larger one; no other parameters are touched then.
 */
export class Adam {
  readonly betas: readonly [number, number];
  readonly epsilon: number;
  /** For each window of the module's memory. */
  readonly firstMoments: readonly Tensor[];
  readonly secondMoments: readonly Tensor[];
  private readonly gpu: Gpu;
  private readonly windows: readonly ArenaWindow[];
  /** Steps that each parameter has taken. */
  private readonly counts = new Map<Tensor, number>();
  /** One for each group of a step; made as they are needed. */
  private readonly hypers: Tensor[] = [];
  private rate = 0;

  /**
   * @param module on a device, and trained by no other optimiser
   * @throws INVALID_ARGUMENT for wrong options, or a module on no device or placed without gradients
   */
  constructor(module: Module, { learningRate = 1e-3, betas = [0.9, 0.999], epsilon = 1e-8 }: AdamOptions = {}) {
    if (betas.length !== 2 || !betas.every((beta) => beta >= 0 && beta < 1) || !(epsilon > 0 && Number.isFinite(epsilon))) {
      throw new ShadegradError('INVALID_ARGUMENT', 'options of Adam', {
        expected: 'two betas from 0 to below 1, and a finite epsilon above 0',
        received: `betas ${betas.join(' and ')}, epsilon ${epsilon}`,
        fix: 'leave them out for 0.9, 0.999 and 1e-8',
      });
    }
    this.learningRate = learningRate;
    this.betas = [betas[0], betas[1]];
    this.epsilon = epsilon;
    const { gpu, windows } = module.memory;
    if (windows.some(({ gradients }) => gradients === null)) {
      throw new ShadegradError('INVALID_ARGUMENT', 'Adam for a module without gradients', {
        expected: 'a module placed with training: true',
        received: 'one placed with training: false',
        fix: 'call to(gpu) without that option',
      });
    }
    this.gpu = gpu;
    this.windows = windows;
    for (const { tensor } of this.parameters()) this.counts.set(tensor, 0);
    this.firstMoments = windows.map(({ length }) => flat(gpu, length, 'first moments'));
    this.secondMoments = windows.map(({ length }) => flat(gpu, length, 'second moments'));
  }

  private *parameters(): Generator<PlacedParameter> {
    for (const { parameters } of this.windows) yield* parameters;
  }

  /** Size of a step. What is set is used from the next step on, also by a recorded one. */
  get learningRate(): number {
    return this.rate;
  }

  /** @throws INVALID_ARGUMENT unless it is a finite number of at least 0 */
  set learningRate(rate: number) {
    if (!(Number.isFinite(rate) && rate >= 0)) {
      throw new ShadegradError('INVALID_ARGUMENT', 'learningRate of Adam', {
        expected: 'a finite number of at least 0',
        received: String(rate),
        fix: 'check what the schedule computes it from; 1e-3 is the usual start, 2e-4 that of pix2pix',
      });
    }
    this.rate = rate;
  }

  /**
   * Steps taken: of the parameter that took the most. Setting it sets the count of every parameter, as for a checkpoint of
   * moments that are all as old.
   */
  get stepCount(): number {
    return Math.max(0, ...this.counts.values());
  }

  /** @throws INVALID_ARGUMENT unless it is a whole number of at least 0 */
  set stepCount(count: number) {
    checkCount('the parameters', count);
    for (const tensor of this.counts.keys()) this.counts.set(tensor, count);
  }

  /** Steps that each parameter has taken, by its name in the module. */
  stepCounts(): Map<string, number> {
    return new Map([...this.parameters()].map(({ name, tensor }) => [name, this.counts.get(tensor)!]));
  }

  /**
   * Sets the steps that single parameters have taken, as for a checkpoint of one that was thawed late; others stay.
   * @throws INVALID_ARGUMENT for a name that no parameter has, or no whole number; nothing is changed then
   */
  setStepCounts(counts: ReadonlyMap<string, number>): void {
    const tensors = new Map([...this.parameters()].map(({ name, tensor }) => [name, tensor]));
    for (const [name, count] of counts) {
      checkCount(`"${name}"`, count);
      if (tensors.has(name)) continue;
      throw new ShadegradError('INVALID_ARGUMENT', 'steps of a parameter that Adam does not have', {
        expected: `one of ${[...tensors.keys()].slice(0, 3).map((each) => `"${each}"`).join(', ')}${tensors.size > 3 ? ' and others' : ''}`,
        received: `"${name}"`,
        fix: 'take the names from module.namedParameters()',
      });
    }
    for (const [name, count] of counts) this.counts.set(tensors.get(name)!, count);
  }

  /**
   * Updates every parameter that has a gradient, and counts a step of each.
   * @throws RECORDING when a recorded step is run after some of its parameters took steps without the others: the dispatches
   *   in it are for parameters that have taken as many
   */
  step(): void {
    const groups = this.groups();
    if (groups.length === 0) return;
    this.gpu.eachStep(
      () => this.writeHypers(groups),
      groups.map(({ hyper }) => hyper.storage),
      () => {
        for (const { parameters } of groups) for (const tensor of parameters) this.counts.set(tensor, this.counts.get(tensor)! + 1);
      },
    );
    for (const { runs, hyper } of groups) for (const { window: index, start, length } of runs) {
      const window = this.windows[index]!;
      const wholes = [window.values, window.gradients!, this.firstMoments[index]!, this.secondMoments[index]!];
      const parts = wholes.map((whole) => view(whole, [length], start));
      const [parameters, gradients, firstMoment, secondMoment] = parts as [Tensor, Tensor, Tensor, Tensor];
      adamStep({ parameters, gradients, firstMoment, secondMoment, hyper });
      for (const part of parts) part.dispose();
    }
  }

  private writeHypers(groups: readonly Group[]): void {
    const [beta1, beta2] = this.betas;
    const { learningRate, epsilon } = this;
    const steps = groups.map(({ parameters }) => this.commonCount(parameters) + 1);
    groups.forEach(({ hyper }, index) => hyper.write(adamHyper({ learningRate, beta1, beta2, epsilon, step: steps[index]! })));
  }

  private commonCount(parameters: readonly Tensor[]): number {
    const counts = new Set(parameters.map((tensor) => this.counts.get(tensor)!));
    const [count] = counts;
    if (counts.size === 1) return count!;
    throw new ShadegradError('RECORDING', 'a recorded step of Adam is run for parameters that have taken unequal numbers of steps since', {
      expected: 'as many steps for all parameters that had as many when the step was recorded',
      received: [...counts].slice(0, 5).join(', '),
      fix: 'record the step again after some of its parameters were trained, restored or set without the others',
    });
  }

  /** Which parameters have taken as many steps, as one text: a step recorded under another text may no longer be run. */
  get partition(): string {
    const numbers = new Map<number, number>();
    return [...this.counts.values()].map((count) => {
      if (!numbers.has(count)) numbers.set(count, numbers.size);
      return numbers.get(count);
    }).join();
  }

  /** The stretches of the windows to be updated: their parameters have a gradient; gaps for alignment do not end one. */
  private groups(): Group[] {
    const groups = new Map<number, Group>();
    for (const [window, { parameters }] of this.windows.entries()) {
      let open = null as { readonly run: Run; readonly count: number } | null;
      for (const { tensor, offset, size } of parameters) {
        const count = this.counts.get(tensor)!;
        if (!hasGradient(tensor)) {
          open = null;
          continue;
        }
        let group = groups.get(count);
        if (!group) groups.set(count, (group = { parameters: [], runs: [], hyper: this.hyper(groups.size) }));
        group.parameters.push(tensor);
        if (open?.count !== count) {
          open = { run: { window, start: offset, length: 0 }, count };
          group.runs.push(open.run);
        }
        open.run.length = offset + size - open.run.start;
      }
    }
    return [...groups.values()];
  }

  private hyper(index: number): Tensor {
    const { gpu } = this;
    // At once, also during a trace: a hook writes it.
    return (this.hypers[index] ??= new Tensor({
      gpu, shape: [ADAM_HYPER_SIZE], storage: gpu.allocatePersistent(ADAM_HYPER_SIZE * 4, 'Adam hyperparameters'),
    }).keep());
  }

  /** Forgets the gradients of the module's parameters. */
  zeroGrad(): void {
    zeroGrad([...this.parameters()].map(({ tensor }) => tensor));
  }

  dispose(): void {
    for (const tensor of [...this.firstMoments, ...this.secondMoments, ...this.hypers.splice(0)]) tensor.dispose();
  }
}

function checkCount(what: string, count: number): void {
  if (Number.isSafeInteger(count) && count >= 0) return;
  throw new ShadegradError('INVALID_ARGUMENT', `steps of Adam for ${what}`, {
    expected: 'a whole number of at least 0',
    received: String(count),
    fix: 'take it from stepCounts() or a checkpoint',
  });
}
