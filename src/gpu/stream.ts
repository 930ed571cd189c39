import { ShadegradError } from '../errors.js';
import type { UniformSlot } from './uniform-cache.js';

/** One step of work for the device, ready to encode. */
export interface Command {
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
  readonly workgroups: readonly [number, number, number];
}

/** Submitting early lets the device start while the host still encodes; submitting late costs fewer submits. */
const COMMANDS_PER_SUBMIT = 64;

export function encodeCommands(pass: GPUComputePassEncoder, commands: readonly Command[]): void {
  let current: GPUComputePipeline | null = null;
  for (const { pipeline, bindGroup, workgroups } of commands) {
    if (pipeline !== current) pass.setPipeline((current = pipeline));
    pass.setBindGroup(0, bindGroup);
    pass.dispatchWorkgroups(workgroups[0], workgroups[1], workgroups[2]);
  }
}

/** Collects commands into one compute pass and submits them in few command buffers. */
export class CommandStream {
  private pending: Command[] = [];

  constructor(private readonly device: GPUDevice) {}

  push(command: Command): void {
    this.pending.push(command);
    if (this.pending.length >= COMMANDS_PER_SUBMIT) this.flush();
  }

  flush(): void {
    if (this.pending.length === 0) return;
    const commands = this.pending;
    this.pending = [];
    this.submit(commands);
  }

  submit(commands: readonly Command[]): void {
    const encoder = this.device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    encodeCommands(pass, commands);
    pass.end();
    this.device.queue.submit([encoder.finish()]);
  }
}

/** Bind groups that are kept; when as many were dropped, a wait collects them. */
const KEPT = 8192;
/**
 * Bind groups that may be made on a software adapter between two waits: what is dropped is collected while JavaScript waits, and not
 * before. To lavapipe each is a mapping of memory, of which Linux gives a process 65,530; for want of one its driver ends the process.
 */
export const MOST_BIND_GROUPS = 32_768;

/** Bind groups by pipeline and ranges: the pool hands the same buffers out in every step. */
export class BindGroupCache {
  private readonly groups = new Map<string, GPUBindGroup>();
  private readonly ids = new WeakMap<object, number>();
  private nextId = 1;
  /** Bind groups made since the last collection. */
  private made = 0;

  /** @param most how many may be made between two waits; infinite where none is ever collected on purpose */
  constructor(
    private readonly device: GPUDevice,
    private readonly most: number,
  ) {}

  /** @throws LIMIT_EXCEEDED when too many are made without a wait */
  get(pipeline: GPUComputePipeline, ranges: readonly UniformSlot[]): GPUBindGroup {
    let key = String(this.id(pipeline));
    for (const { buffer, offset, bytes } of ranges) key += `,${this.id(buffer)}:${offset}:${bytes}`;
    let group = this.groups.get(key);
    if (!group) {
      if (this.made >= this.most) throw tooMany(this.most);
      this.made++;
      if (this.groups.size >= KEPT) this.groups.clear();
      group = this.device.createBindGroup({
        layout: pipeline.getBindGroupLayout(0),
        entries: ranges.map(({ buffer, offset, bytes }, binding) => ({ binding, resource: { buffer, offset, size: bytes } })),
      });
      this.groups.set(key, group);
    }
    return group;
  }

  /** To be called when buffers are destroyed: a cached group would keep them alive and be wrong. */
  clear(): void {
    this.groups.clear();
  }

  /** To be called when the device was waited for. @param collect frees what JavaScript has dropped */
  async waited(collect: (() => Promise<void>) | undefined): Promise<void> {
    if (this.made < KEPT || this.most === Infinity) return;
    this.made = 0;
    await collect?.();
  }

  private id(object: object): number {
    let id = this.ids.get(object);
    if (id === undefined) this.ids.set(object, (id = this.nextId++));
    return id;
  }
}

function tooMany(most: number): ShadegradError {
  return new ShadegradError('LIMIT_EXCEEDED', 'too many different dispatches without a wait', {
    expected: `at most ${most} dispatches that bind other memory than those before, between two waits (software adapters)`,
    received: 'one more',
    fix: 'call "await gpu.sync()" now and then, or work on larger tensors rather than slice by slice',
  });
}
