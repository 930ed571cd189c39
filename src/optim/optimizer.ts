import { activeLossScale } from '../autograd/autocast.js';
import { expectScale, hasGradient, zeroGrad } from '../autograd/gradient-slots.js';
import { ShadegradError } from '../errors.js';
import type { Gpu } from '../gpu/gpu.js';
import { cutBlock } from '../kernels/flat-block.js';
import { LEFT_OUT_START, noteLeftOut, type LossScale } from '../kernels/loss-scale.js';
import { flat, view, type ArenaWindow, type PlacedParameter } from '../nn/parameter-arena.js';
import { expectOptions } from '../checks.js';
import { Tensor } from '../tensor/tensor.js';
import { clipGradNorm } from './clip.js';
import { assignGroups, ParameterGroup, type GroupOptions, type OptimizerOptions } from './parameter-group.js';
import { LEFT_OUT, loadState, stateOf, statePlaces, type OptimizerState, type SavedState, type StatePlace } from './optimizer-state.js';
import type { OptimizerRule } from './rule.js';
import { placeParameters, type OptimizerTarget } from './target.js';

/** Parameters of one group that have taken as many steps: they share the numbers of the step. */
interface Share<O extends OptimizerOptions> {
  readonly group: ParameterGroup<O>;
  readonly parameters: Tensor[];
  /** The row of its numbers. */
  readonly index: number;
}

/** Where losses are scaled: what lies on the device so that a step that is left out need not be told to the host. */
interface Scaled {
  /** Of each parameter whether it takes part in the step at hand; written by the host. */
  readonly due: Tensor;
  /** The scale, whether the step is left out, and of each parameter how many were: noteLeftOut() keeps it. */
  readonly own: Tensor;
  /** The numbers of a scale of 1 that leaves nothing out: of a step without one, after steps with one. */
  readonly unit: Tensor;
}

/** Neighbouring parameters of a block that belong to one share. */
interface Part<O extends OptimizerOptions> {
  readonly share: Share<O>;
  /** From the start of the block. */
  readonly start: number;
  length: number;
}

/** Neighbouring parameters of a window that one dispatch updates. */
interface Block<O extends OptimizerOptions> {
  readonly window: number;
  readonly start: number;
  length: number;
  readonly parts: Part<O>[];
}

/** Tables of pieces that are kept: a step whose gradients come and go in ever new ways must not gather them. */
const MOST_TABLES = 64;

/**
 * What all optimisers have in common: parameter groups, step counts, and state that can be saved. Each parameter counts its own
 * steps, as in PyTorch: one that had no gradient is not counted, and a parameter that is thawed late begins with its first step.
 * Works on the flat windows of a module's parameters: one dispatch for each stretch of parameters that got a gradient, whatever groups
 * they belong to.
 */
export class Optimizer<O extends OptimizerOptions = OptimizerOptions> {
  /** The first holds the parameters that no other one names. */
  readonly groups: readonly ParameterGroup<O>[];
  /**
   * The most that the norm of the gradients of all its parameters together may be: step() scales them down to it first, as clipGradNorm()
   * does. Null, the default, leaves them as they are. A recorded step keeps what it was recorded with.
   */
  maxGradNorm: number | null = null;
  /** Called at the end of each step(), in a recorded one too. @internal */
  afterStep: (() => void) | null = null;
  private readonly gpu: Gpu;
  private readonly windows: readonly ArenaWindow[];
  private readonly state: ReadonlyMap<string, readonly Tensor[]>;
  private readonly groupOf: ReadonlyMap<Tensor, ParameterGroup<O>>;
  /** Steps that each parameter has taken. */
  private readonly counts = new Map<Tensor, number>();
  /** The numbers of a step's shares, by how many rows there are; made as they are needed. */
  private readonly hypers = new Map<number, Tensor>();
  /** What blocks of several shares are cut into, by what they consist of. */
  private readonly tables = new Map<string, Tensor>();
  /** Made for the first step of scaled losses. */
  private scaled: Scaled | null = null;
  private readonly release: () => void;

  /**
   * Makes an optimiser of a rule, for the parameters of a target.
   *
   * @param target a module on a device, which may be a part of a larger one, or a list of tensors; trained by no other optimiser
   * @param options of the parameters that no group names
   * @param groups options of some parameters, where they differ
   * @throws INVALID_ARGUMENT for wrong options, a parameter in two groups or in none of the target's, a target without gradients or on
   *   no device
   */
  constructor(
    private readonly rule: OptimizerRule<O>,
    target: OptimizerTarget,
    options: O,
    groups: readonly GroupOptions<O>[] = [],
  ) {
    const names = ['parameters', ...Object.keys(options)] as (keyof GroupOptions<O> & string)[];
    for (const group of groups) expectOptions(`a group of ${rule.name}`, group, names, { required: ['parameters'] });
    const all = [options, ...groups.map(({ parameters: _, ...own }) => ({ ...options, ...defined(own) }))] as O[];
    for (const each of all) rule.check(each);
    this.groups = all.map((each) => new ParameterGroup(rule, each));
    const { gpu, windows, release } = placeParameters(rule.name, target);
    try {
      this.gpu = gpu;
      this.windows = windows;
      this.release = release;
      const parameters = [...this.parameters()];
      this.groupOf = assignGroups(
        rule.name,
        parameters,
        this.groups,
        groups.map(({ parameters: chosen }) => chosen),
      );
      for (const { tensor } of parameters) this.counts.set(tensor, 0);
      // "second moments of Adam", for messages.
      const label = (name: string): string => `${name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)}s of ${rule.name}`;
      const flats = (name: string): Tensor[] => windows.map(({ length }) => flat(gpu, length, label(name)));
      this.state = new Map(rule.stateNames(all).map((name) => [name, flats(name)]));
    } catch (error) {
      release();
      throw error;
    }
  }

  private *parameters(): Generator<PlacedParameter> {
    for (const { parameters } of this.windows) yield* parameters;
  }

  /** Size of a step: that of the first group. What is set holds for all groups from the next step on, also in a recorded one. */
  get learningRate(): number {
    return this.groups[0]!.learningRate;
  }

  /** @throws INVALID_ARGUMENT unless it is a finite number of at least 0 */
  set learningRate(rate: number) {
    for (const group of this.groups) group.learningRate = rate;
  }

  /**
   * Steps taken: of the parameter that took the most. Setting it sets the count of every parameter, as for a checkpoint of
   * moments that are all as old. Steps that were left out because a gradient was not finite are among them (`leftOutCounts()`), until
   * it is set.
   */
  get stepCount(): number {
    return Math.max(0, ...this.counts.values());
  }

  /** @throws INVALID_ARGUMENT unless it is a whole number of at least 0 */
  set stepCount(count: number) {
    this.checkCount('the parameters', count);
    for (const tensor of this.counts.keys()) this.counts.set(tensor, count);
    this.placeLeftOut(new Map());
  }

  /**
   * Steps that each parameter has taken, by its name in the module; of a list of tensors, by its place in it. Those of
   * `leftOutCounts()` are among them.
   */
  stepCounts(): Map<string, number> {
    return new Map([...this.parameters()].map(({ name, tensor }) => [name, this.counts.get(tensor)!]));
  }

  /**
   * Sets the steps that single parameters have taken, none of them left out, as for a checkpoint of one that was thawed late; others stay.
   * @throws INVALID_ARGUMENT for a name that no parameter has, or no whole number; nothing is changed then
   */
  setStepCounts(counts: ReadonlyMap<string, number>): void {
    this.checkCounts(counts);
    const tensors = this.byName();
    for (const [name, count] of counts) this.counts.set(tensors.get(name)!, count);
    if (!this.scaled) return;
    for (const [place, name] of [...tensors.keys()].entries()) {
      if (!counts.has(name)) continue;
      const own = view(this.scaled.own, [1], LEFT_OUT_START + place);
      own.write([0]);
      own.dispose();
    }
  }

  /**
   * Of the steps that each parameter has taken by stepCounts(), those that changed nothing, because a gradient was not finite: in mixed
   * precision the device decides about that, and the host does not hear of it. torch.amp.GradScaler does not count them. Waits for the
   * steps so far.
   */
  async leftOutCounts(): Promise<Map<string, number>> {
    const names = [...this.byName().keys()];
    const numbers = await this.scaled?.own.data();
    return new Map(names.map((name, index) => [name, numbers?.[LEFT_OUT_START + index] ?? 0]));
  }

  /**
   * Sets how many of the steps by stepCounts() were left out, as for a checkpoint of a training in mixed precision.
   * @param counts by name; none were of those that are not in it
   * @throws INVALID_ARGUMENT for a name that no parameter has, no whole number, or more than the parameter's steps; nothing is changed then
   */
  setLeftOutCounts(counts: ReadonlyMap<string, number>): void {
    this.checkCounts(counts);
    const steps = this.stepCounts();
    for (const [name, count] of counts) this.checkCount(`"${name}" that were left out`, count, steps.get(name));
    this.placeLeftOut(counts);
  }

  private placeLeftOut(counts: ReadonlyMap<string, number>): void {
    const numbers = Float32Array.from(this.byName().keys(), (name) => counts.get(name) ?? 0);
    if (!this.scaled && numbers.every((count) => count === 0)) return;
    const places = view(this.scaling().own, [numbers.length], LEFT_OUT_START);
    places.write(numbers);
    places.dispose();
  }

  /** Memory that exists at once, also during a trace. */
  private scaling(): Scaled {
    if (this.scaled) return this.scaled;
    const { gpu, counts, rule } = this;
    const made = (numbers: Float32Array, label: string): Tensor =>
      new Tensor({ gpu, shape: [numbers.length], storage: gpu.allocateConstant(numbers, label) }).keep();
    return (this.scaled = {
      due: made(new Float32Array(counts.size), `parameters of a step of ${rule.name}`),
      own: made(new Float32Array(LEFT_OUT_START + counts.size), `steps that ${rule.name} left out`),
      unit: made(Float32Array.of(1, 0, 0), 'no loss scale'),
    });
  }

  private byName(): Map<string, Tensor> {
    return new Map([...this.parameters()].map(({ name, tensor }) => [name, tensor]));
  }

  private checkCounts(counts: ReadonlyMap<string, number>): void {
    const tensors = this.byName();
    for (const [name, count] of counts) {
      this.checkCount(`"${name}"`, count);
      if (tensors.has(name)) continue;
      throw new ShadegradError('INVALID_ARGUMENT', `steps of a parameter that ${this.rule.name} does not have`, {
        expected: `one of ${[...tensors.keys()]
          .slice(0, 3)
          .map((each) => `"${each}"`)
          .join(', ')}${tensors.size > 3 ? ' and others' : ''}`,
        received: `"${name}"`,
        fix: 'take the names from module.namedParameters()',
      });
    }
  }

  private checkCount(what: string, count: number, most = Infinity): void {
    if (Number.isSafeInteger(count) && count >= 0 && count <= most) return;
    throw new ShadegradError('INVALID_ARGUMENT', `steps of ${this.rule.name} for ${what}`, {
      expected: most === Infinity ? 'a whole number of at least 0' : `a whole number from 0 to ${most}, the steps that were counted`,
      received: String(count),
      fix: 'take it from stepCounts() or a checkpoint',
    });
  }

  /**
   * Updates every parameter that has a gradient, and counts a step of each. Inside autocast() with a loss scale a step whose gradients
   * are not finite changes no parameter and no state, and is no step for what follows; `stepCounts()` counts it like any other, because
   * the host does not hear of it, and `leftOutCounts()` says how many there were.
   * @throws INVALID_ARGUMENT when the gradients are of another loss scale; RECORDING when a recorded step is run after some of its
   *   parameters took steps without the others: the dispatches in it are for parameters that have taken as many; or one without a loss
   *   scale after steps with one
   */
  step(): void {
    this.assertPlaced();
    const lossScale = activeLossScale();
    const scaled = lossScale ? this.scaling() : this.scaled;
    const { shares, blocks } = this.stretches(scaled !== null);
    if (shares.length === 0) return;
    for (const { parameters } of shares)
      for (const tensor of parameters) expectScale(`step of ${this.rule.name} for "${tensor.label}"`, tensor, lossScale);
    if (this.maxGradNorm !== null)
      clipGradNorm(
        [...this.parameters()].map(({ tensor }) => tensor),
        this.maxGradNorm,
      ).dispose();
    const hyper = this.hyper(scaled ? scaled.due.size : shares.length);
    this.gpu.eachStep(
      () => this.writeNumbers(shares, hyper, scaled),
      [hyper.storage, ...(scaled ? [scaled.due.storage] : [])],
      () => {
        for (const { parameters } of shares) for (const tensor of parameters) this.counts.set(tensor, this.counts.get(tensor)! + 1);
      },
    );
    // All of them before the first update: one gradient that is not finite holds the whole step back.
    if (lossScale) for (const block of blocks) this.check(block, lossScale);
    if (scaled) noteLeftOut(scaled.own, scaled.due, lossScale?.tensor ?? scaled.unit);
    for (const block of blocks) this.update(block, hyper, scaled?.own);
    lossScale?.stepped();
    this.afterStep?.();
  }

  private check({ window, start, length }: Block<O>, lossScale: LossScale): void {
    const gradients = view(this.windows[window]!.gradients!, [length], start);
    lossScale.check(gradients);
    gradients.dispose();
  }

  private update({ window: index, start, length, parts }: Block<O>, hyper: Tensor, lossScale: Tensor | undefined): void {
    const { rule } = this;
    const { values, gradients } = this.windows[index]!;
    const part = (whole: Tensor): Tensor => view(whole, [length], start);
    const state = Object.fromEntries([...this.state].map(([name, flats]) => [name, part(flats[index]!)]));
    const block = { parameters: part(values), gradients: part(gradients!), state, ...(lossScale && { lossScale }) };
    const views = [block.parameters, block.gradients, ...Object.values(state)];
    if (parts.length > 1) {
      rule.update({ ...block, hyper, pieces: this.pieces(parts, length) });
    } else {
      const { group, index: row } = parts[0]!.share;
      const { numbersSize } = rule;
      const own = hyper.size === numbersSize ? hyper : view(hyper, [numbersSize], row * numbersSize);
      if (own !== hyper) views.push(own);
      rule.update({ ...block, hyper: own }, group.options);
    }
    for (const tensor of views) tensor.dispose();
  }

  private pieces(parts: readonly Part<O>[], length: number): Tensor {
    const { gpu, rule, tables } = this;
    const named = parts.map(({ share: { group, index }, start, length: own }) => ({
      start,
      length: own,
      hyper: index * rule.numbersSize,
      kind: rule.kind(group.options),
    }));
    const key = named.map(({ start, length: own, hyper, kind }) => `${start},${own},${hyper},${kind}`).join(' ');
    let table = tables.get(key);
    if (!table) tables.set(key, (table = cutBlock(gpu, named, length)));
    // Not while a function is traced: its recording has taken no hold of what it reads yet.
    if (tables.size > MOST_TABLES && !gpu.tracing) {
      const [oldest] = tables.keys();
      tables.get(oldest!)!.dispose();
      tables.delete(oldest!);
    }
    return table;
  }

  /** A module that was disposed, or placed anew since, has other parameters: a step would train nothing and say nothing. */
  private assertPlaced(): void {
    if (this.windows.every(({ values }) => !values.disposed)) return;
    throw new ShadegradError('USE_AFTER_FREE', `a step of ${this.rule.name}`, {
      expected: 'the parameters that it was made for',
      received: 'parameters that were disposed, with their module or by themselves',
      fix: 'make a new optimiser after to(), and record steps anew',
    });
  }

  private writeNumbers(shares: readonly Share<O>[], hyper: Tensor, scaled: Scaled | null): void {
    if (!scaled && this.scaled) throw this.recordedBefore();
    const steps = shares.map(({ parameters }) => this.commonCount(parameters) + 1);
    const numbers = new Float32Array(hyper.size);
    const { rule } = this;
    for (const [at, { group, index }] of shares.entries()) numbers.set(rule.numbers(group.options, steps[at]!), index * rule.numbersSize);
    hyper.write(numbers);
    if (!scaled) return;
    const taking = new Float32Array(scaled.due.size);
    for (const { index } of shares) taking[index] = 1;
    scaled.due.write(taking);
  }

  /** A step that was recorded without a scale knows of no steps left out. */
  private recordedBefore(): ShadegradError {
    return new ShadegradError('RECORDING', `a recorded step of ${this.rule.name} without a loss scale is run after steps with one`, {
      expected: 'no step in mixed precision since it was recorded, and no state of one',
      received: 'steps that may have been left out, which it would count',
      fix: 'record the step again',
    });
  }

  private commonCount(parameters: readonly Tensor[]): number {
    const counts = new Set(parameters.map((tensor) => this.counts.get(tensor)!));
    const [count] = counts;
    if (counts.size === 1) return count!;
    const { name } = this.rule;
    throw new ShadegradError(
      'RECORDING',
      `a recorded step of ${name} is run for parameters that have taken unequal numbers of steps since`,
      {
        expected: 'as many steps for all parameters that had as many when the step was recorded',
        received: [...counts].slice(0, 5).join(', '),
        fix: 'record the step again after some of its parameters were trained, restored or set without the others',
      },
    );
  }

  /** Which parameters have taken as many steps, as one text: a step recorded under another text may no longer be run. */
  get partition(): string {
    const numbers = new Map<number, number>();
    return [...this.counts.values()]
      .map((count) => {
        if (!numbers.has(count)) numbers.set(count, numbers.size);
        return numbers.get(count);
      })
      .join();
  }

  /**
   * The stretches of the windows to be updated, and what their parameters share: those that have a gradient; gaps for alignment do
   * not end one.
   * @param scaled whether each parameter is a share of its own, whose row has its place: of those that the host has counted alike, the
   *   device may have left out unlike steps
   */
  private stretches(scaled: boolean): { shares: Share<O>[]; blocks: Block<O>[] } {
    const shares = new Map<string, Share<O>>();
    const blocks: Block<O>[] = [];
    let place = -1;
    for (const [window, { parameters }] of this.windows.entries()) {
      let block = null as Block<O> | null;
      for (const { tensor, offset, size } of parameters) {
        place++;
        if (!hasGradient(tensor)) {
          block = null;
          continue;
        }
        const group = this.groupOf.get(tensor)!;
        const key = scaled ? String(place) : `${this.groups.indexOf(group)},${this.counts.get(tensor)}`;
        let share = shares.get(key);
        if (!share) shares.set(key, (share = { group, parameters: [], index: scaled ? place : shares.size }));
        share.parameters.push(tensor);
        if (!block) blocks.push((block = { window, start: offset, length: 0, parts: [] }));
        const start = offset - block.start;
        let part = block.parts[block.parts.length - 1];
        if (part?.share !== share) block.parts.push((part = { share, start, length: 0 }));
        part.length = start + size - part.start;
        block.length = start + size;
      }
    }
    return { shares: [...shares.values()], blocks };
  }

  private hyper(rows: number): Tensor {
    const { gpu, rule, hypers } = this;
    const size = rows * rule.numbersSize;
    let hyper = hypers.get(rows);
    // At once, also during a trace: a hook writes it.
    if (!hyper) {
      hyper = new Tensor({ gpu, shape: [size], storage: gpu.allocatePersistent(size * 4, `hyperparameters of ${rule.name}`) }).keep();
      hypers.set(rows, hyper);
    }
    return hyper;
  }

  /** Forgets the gradients of the parameters. */
  zeroGrad(): void {
    zeroGrad([...this.parameters()].map(({ tensor }) => tensor));
  }

  /** The flat tensors of one kind of state, one for each window of the parameters' memory. */
  protected stateWindows(name: string): readonly Tensor[] {
    return this.state.get(name) ?? [];
  }

  /**
   * Whether this optimiser trains a parameter.
   * @internal
   */
  trains(parameter: Tensor): boolean {
    return this.counts.has(parameter);
  }

  /**
   * Where the tensors of stateDict() lie on the device.
   * @internal
   */
  statePlaces(): Iterable<StatePlace> {
    return statePlaces({ windows: this.windows, state: this.state, stepCounts: this.stepCounts(), groups: this.groups });
  }

  /**
   * What the optimiser has gathered, to be saved beside the weights: tensors under `STATE.PARAMETER`, such as
   * `firstMoment.encoder.weight`, steps of each parameter and learning rates of each group. The tensors are read when their
   * `read()` is called: do that before the next step. Options are not in it. After steps of scaled losses a tensor `leftOut` says how many
   * of each parameter's steps were left out.
   */
  stateDict(): OptimizerState {
    const state = stateOf({ windows: this.windows, state: this.state, stepCounts: this.stepCounts(), groups: this.groups });
    if (!this.scaled) return state;
    const read = async (): Promise<Float32Array> => Float32Array.from((await this.leftOutCounts()).values());
    const leftOut = { name: LEFT_OUT, shape: [this.counts.size], read };
    return { ...state, tensors: new Map([...state.tensors, [LEFT_OUT, leftOut]]) };
  }

  /**
   * Goes on from what stateDict() returned. A recorded step goes on as well, unless the parameters' step counts have come apart
   * otherwise than when it was recorded.
   * @throws INVALID_ARGUMENT for a state of other parameters or of another optimiser; what reading throws. Nothing is changed then.
   */
  async loadStateDict(saved: SavedState): Promise<void> {
    const owner = { windows: this.windows, state: this.state, stepCounts: this.stepCounts(), groups: this.groups };
    const check = (what: string, count: number, most?: number): void => this.checkCount(what, count, most);
    const { counts, leftOut } = await loadState(this.rule.name, owner, saved, check);
    this.setStepCounts(counts);
    this.placeLeftOut(leftOut);
  }

  /** Gives the memory of the state back; the parameters stay. */
  dispose(): void {
    for (const tensor of [...[...this.state.values()].flat(), ...this.hypers.values(), ...this.tables.values()]) tensor.dispose();
    for (const tensor of Object.values<Tensor>({ ...this.scaled })) tensor.dispose();
    this.scaled = null;
    this.hypers.clear();
    this.tables.clear();
    this.release();
  }
}

/** Options given as undefined are left out. */
function defined<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
}
