import type { Gpu, DispatchCall } from './gpu.js';
import { ShadegradError } from './errors.js';
import { planMemory } from './memory-plan.js';
import type { Storage } from './storage.js';
import type { Command } from './stream.js';

/** What a traced function did: dispatches in order, and what the host must do before each run. */
export class Trace {
  readonly calls: DispatchCall[] = [];
  readonly hooks: (() => void)[] = [];
  readonly pinned = new Set<Storage>();
}

/**
 * A step that was traced once and is replayed: pipelines, bind groups and workgroup counts go into one compute
 * pass; nothing is checked, allocated or looked up again. What differs from step to step lives in buffers that
 * the hooks write before the pass.
 */
export class Recording {
  private commands: Command[] | null = null;
  private readonly buffers: GPUBuffer[] = [];
  private readonly held: Storage[] = [];

  private constructor(
    private readonly gpu: Gpu,
    private readonly trace: Trace,
  ) {}

  static async build(gpu: Gpu, trace: Trace): Promise<Recording> {
    const recording = new Recording(gpu, trace);
    await recording.prepare();
    return recording;
  }

  /** Dispatches in one run. */
  get length(): number {
    return this.trace.calls.length;
  }

  /** Bytes of GPU memory that this step holds for its intermediate results. */
  get bytes(): number {
    return this.buffers.reduce((sum, buffer) => sum + buffer.size, 0);
  }

  private async prepare(): Promise<void> {
    const { calls, pinned } = this.trace;
    const external = new Set<Storage>();
    for (const { bindings } of calls) for (const { storage } of bindings) if (storage.buffer) external.add(storage);
    for (const storage of external) this.held.push(storage.retain());

    const plan = planMemory(calls.map((call) => call.bindings), pinned);
    for (const bytes of plan.bufferBytes) this.buffers.push(this.gpu.createBuffer(bytes, 'recorded step'));
    for (const [storage, index] of plan.assignment) storage.buffer = this.buffers[index]!;

    const shaders = new Map(calls.map((call) => [call.shader.code, call.shader]));
    await Promise.all([...shaders.values()].map((shader) => this.gpu.pipelines.prepare(shader)));
    this.commands = calls.map((call) => this.gpu.command(call));
  }

  /** Runs the step once more. Does not wait for the device. */
  run(): void {
    if (!this.commands) {
      throw new ShadegradError('USE_AFTER_FREE', 'a recorded step is run after destroy()', { fix: 'record it again' });
    }
    this.gpu.assertAlive();
    for (const hook of this.trace.hooks) hook();
    this.gpu.submitCommands(this.commands);
  }

  /** Gives back the step's memory; tensors it returned are invalid afterwards. */
  destroy(): void {
    if (!this.commands) return;
    this.commands = null;
    for (const storage of this.held) storage.release();
    for (const buffer of this.buffers) this.gpu.destroyBuffer(buffer);
    this.buffers.length = 0;
  }
}
