import type { DispatchCall } from './dispatch-call.js';
import { ShadegradError } from '../errors.js';
import { writeTime, type Region, type Write } from './write-log.js';
import { planMemory } from './memory-plan.js';
import type { PipelineCache } from './pipeline-cache.js';
import { wholeOf, type Storage } from './storage.js';
import type { Command } from './stream.js';

/** Memory that a hook must leave alone, and what to say if it does not. */
export interface Guard {
  readonly storage: Storage;
  readonly region: Region;
  readonly error: (write: Write) => ShadegradError;
}

/** Host work of a step. */
interface Hook {
  /** The dispatch before which it stood in the traced function. */
  readonly before: number;
  readonly run: () => void;
  /** All the memory that it writes; null when that is unknown. */
  readonly writes: readonly Storage[] | null;
  /** Run when the pass that it belongs to is submitted. */
  readonly done: (() => void) | null;
  /** Looked at after each run of a hook whose writes are unknown. */
  readonly guards: Guard[];
}

/** What a traced function did: dispatches in order, and what the host must do before some of them. */
export class Trace {
  readonly calls: DispatchCall[] = [];
  readonly hooks: Hook[] = [];
  /** Memory for results, in the order in which it was asked for. */
  readonly promised: Storage[] = [];
  private readonly written = new Set<Storage>();

  /** @param depth how many scopes were open when the function was called */
  constructor(readonly depth: number) {}

  addCall(call: DispatchCall): void {
    this.calls.push(call);
    for (const { storage, region, access } of call.bindings)
      if (access === 'write') this.noteWrite(storage, region, `kernel ${call.shader.name}`);
  }

  /** Notes host work down that comes before the next dispatch. */
  addHook(hook: Omit<Hook, 'before' | 'guards'>): void {
    this.hooks.push({ ...hook, before: this.calls.length, guards: [] });
    for (const storage of hook.writes ?? []) this.noteWrite(storage, wholeOf(storage), 'a hook of eachStep()');
  }

  private noteWrite(storage: Storage, region: Region, by: string): void {
    storage.noteTracedWrite(region, by);
    this.written.add(storage);
  }

  /** Guards memory against the hooks from one on, as far as nobody knows what they write. */
  guard(firstHook: number, guard: Guard): void {
    for (const { writes, guards } of this.hooks.slice(firstHook)) if (writes === null) guards.push(guard);
  }

  /** Forgets what the traced function would have written: none of it has happened. */
  end(): void {
    for (const storage of this.written) storage.forgetTracedWrites();
  }
}

/** Host work, and the dispatches that follow it in one pass. */
interface Segment {
  readonly hooks: readonly Hook[];
  readonly commands: readonly Command[];
}

/**
 * Cuts a trace into passes, as few as possible with the hooks in their order. A hook moves forward to the start of its pass
 * if no dispatch that it passes touches what it writes; otherwise, or if that is unknown, a new pass begins with it.
 */
function cutIntoPasses({ calls, hooks }: Trace): { start: number; hooks: Hook[] }[] {
  const passes = [{ start: 0, hooks: [] as Hook[] }];
  for (const hook of hooks) {
    const { before, writes } = hook;
    const last = passes[passes.length - 1]!;
    const passed = calls.slice(last.start, before);
    const touches = ({ bindings }: DispatchCall): boolean => bindings.some(({ storage }) => writes!.includes(storage));
    const inOrder = passed.length === 0 || (writes !== null && !passed.some(touches));
    if (inOrder) last.hooks.push(hook);
    else passes.push({ start: before, hooks: [hook] });
  }
  return passes;
}

/** What a recorded step asks of its device. @internal */
export interface RecordingDevice {
  readonly tracing: boolean;
  readonly largestBuffer: number;
  readonly pipelines: PipelineCache;
  assertAlive(): void;
  createBuffer(bytes: number, label: string): GPUBuffer;
  destroyBuffer(buffer: GPUBuffer): void;
  /** Turns a checked call whose storages have buffers into a command. */
  command(call: DispatchCall): Command;
  submitCommands(commands: readonly Command[]): void;
}

/**
 * A recorded step, made by `gpu.record()`: traced once and replayed. Pipelines, bind groups and workgroup counts go into one compute
 * pass; nothing is checked, allocated or looked up again. What differs from step to step lies in buffers that the hooks of
 * `gpu.eachStep()` write before the pass. A hook that cannot run that early begins another pass.
 */
export class Recording {
  private segments: Segment[] | null = null;
  private readonly buffers: GPUBuffer[] = [];
  private readonly held: Storage[] = [];
  private readonly results: Storage[] = [];
  /** What a run writes of memory that outlives it. */
  private readonly writes: { storage: Storage; region: Region }[] = [];

  private constructor(
    private readonly gpu: RecordingDevice,
    private readonly trace: Trace,
  ) {}

  /** @throws RECORDING, SHADER_COMPILE; nothing is left allocated then @internal */
  static async build(gpu: RecordingDevice, trace: Trace): Promise<Recording> {
    const recording = new Recording(gpu, trace);
    try {
      await recording.prepare();
    } catch (error) {
      recording.release();
      throw error;
    }
    return recording;
  }

  /** The number of dispatches in one run. */
  get length(): number {
    return this.trace.calls.length;
  }

  /** The number of compute passes in one run. */
  get passes(): number {
    return this.segments?.length ?? 0;
  }

  /** The bytes of GPU memory that the step holds for its intermediate results. */
  get bytes(): number {
    return this.buffers.reduce((sum, buffer) => sum + buffer.size, 0);
  }

  private async prepare(): Promise<void> {
    const { calls, promised } = this.trace;
    const external = new Set<Storage>();
    for (const { bindings } of calls) for (const { storage } of bindings) if (storage.buffer) external.add(storage);
    for (const storage of external) this.held.push(storage.retain());

    // What outlives the traced function (returned, or kept by someone) may be read between two runs.
    this.results.push(...promised.filter((storage) => !storage.freed));
    const plan = planMemory(
      calls.map((call) => call.bindings),
      new Set(this.results),
    );
    for (const bytes of plan.bufferBytes)
      this.buffers.push(this.gpu.createBuffer(Math.min(bytes, this.gpu.largestBuffer), 'recorded step'));
    for (const [storage, index] of plan.assignment) storage.buffer = this.buffers[index]!;

    const lasting = new Set([...external, ...this.results]);
    const seen = new Set<string>();
    for (const { storage, region, access } of calls.flatMap((call) => call.bindings)) {
      const key = `${storage.id}:${region.start}:${region.rows}:${region.length}:${region.stride}`;
      if (access !== 'write' || !lasting.has(storage) || seen.has(key)) continue;
      seen.add(key);
      this.writes.push({ storage, region });
    }

    const shaders = new Map(calls.map((call) => [call.shader.code, call.shader]));
    await Promise.all([...shaders.values()].map((shader) => this.gpu.pipelines.prepare(shader)));
    const commands = calls.map((call) => this.gpu.command(call));
    const passes = cutIntoPasses(this.trace);
    this.segments = passes.map(({ start, hooks }, index) => ({ hooks, commands: commands.slice(start, passes[index + 1]?.start) }));
  }

  /**
   * Runs the step once more. Does not wait for the device. A hook that throws ends the step: passes before its own have been
   * submitted and counted, its own and those after it have not.
   * @throws USE_AFTER_FREE, RECORDING, DEVICE_LOST, and what hooks throw
   */
  run(): void {
    for (const { hooks, commands } of this.begin()) {
      for (const hook of hooks) runHook(hook);
      if (commands.length > 0) this.gpu.submitCommands(commands);
      for (const { done } of hooks) done?.();
    }
  }

  /**
   * Runs the step once more, each dispatch a pass and a submit of its own, for profiles.
   *
   * @param submitted awaited after each dispatch
   * @throws USE_AFTER_FREE, RECORDING, DEVICE_LOST, and what hooks and `submitted` throw
   */
  async runOneByOne(submitted: (call: DispatchCall) => Promise<void>): Promise<void> {
    let index = 0;
    for (const { hooks, commands } of this.begin()) {
      for (const hook of hooks) runHook(hook);
      for (const command of commands) {
        this.gpu.submitCommands([command]);
        await submitted(this.trace.calls[index++]!);
      }
      for (const { done } of hooks) done?.();
    }
  }

  /** What to run; notes that it writes. @throws USE_AFTER_FREE, RECORDING, DEVICE_LOST */
  private begin(): readonly Segment[] {
    if (!this.segments) {
      throw new ShadegradError('USE_AFTER_FREE', 'a recorded step is run after destroy()', { fix: 'record it again' });
    }
    if (this.gpu.tracing) {
      throw new ShadegradError('RECORDING', 'a recorded step is run inside a recorded function', {
        fix: 'record one function that does both',
      });
    }
    this.gpu.assertAlive();
    for (const { storage, region } of this.writes) if (!storage.freed) storage.noteWrite(region, 'a recorded step');
    return this.segments;
  }

  /** Gives back the step's memory; tensors it returned are invalid afterwards. */
  destroy(): void {
    if (!this.segments) return;
    this.segments = null;
    this.release();
  }

  private release(): void {
    for (const storage of this.results) storage.invalidate();
    for (const storage of this.held) storage.release();
    for (const buffer of this.buffers) this.gpu.destroyBuffer(buffer);
    this.buffers.length = 0;
  }
}

/** @throws what the hook throws; the error of a guard whose memory it wrote to */
function runHook({ run, guards }: Hook): void {
  const time = writeTime();
  run();
  for (const { storage, region, error } of guards) {
    const write = storage.freed ? null : storage.writtenSince(time, region);
    if (write) throw error(write);
  }
}
