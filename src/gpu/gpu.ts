import type { AdapterDescription } from './adapter.js';
import { BufferPool } from './buffer-pool.js';
import { Choices } from './choices.js';
import { ShadegradError } from './errors.js';
import { memoryElsewhere, tracedElsewhere } from './device-mismatch.js';
import { Failures, refused } from './failures.js';
import { plainHost, type GpuHost } from './host.js';
import type { Params } from './params.js';
import { PipelineCache, type Shader } from './pipeline-cache.js';
import { Readback } from './readback.js';
import { Recording, Trace, type Guard } from './recording.js';
import { scopedIn, ScopeStack } from './scope.js';
import { Storage, type Binding } from './storage.js';
import { BindGroupCache, CommandStream, type Command } from './stream.js';
import { UniformCache } from './uniform-cache.js';
import { span } from './write-log.js';

/** A kernel launch: bindings take `@binding(0)` upwards in order, the uniform block (if any) comes last. */
export interface DispatchCall {
  readonly shader: Shader;
  readonly bindings: readonly Binding[];
  readonly params?: Params;
  readonly workgroups: readonly [number, number, number];
}

export interface MemoryReport {
  /** Live tensor handles. */
  readonly tensors: number;
  /** Bytes of buffers that live tensors and recorded steps hold. */
  readonly bytesInUse: number;
  /** Bytes of buffers kept for reuse. */
  readonly bytesPooled: number;
  /** Most bytes ever allocated at once: in use, pooled, uniforms and read-back buffers. */
  readonly peakBytes: number;
}

/** The Gpu whose trace is open: tracing is synchronous, so there is one at a time. */
let tracing: Gpu | null = null;

/**
 * A WebGPU device and its memory, pipelines and command stream. Knows nothing of tensors' shapes or of learning.
 * Make one with `requestGpu()`; end it with `destroy()`, or a Node process will not exit.
 */
export class Gpu {
  readonly pipelines: PipelineCache;
  readonly scopes = new ScopeStack();
  /** Which variants of its kernels this device runs. */
  readonly choices = new Choices();
  readonly limits: GPUSupportedLimits;
  readonly features: ReadonlySet<string>;
  /** Count of live tensor handles; kept by the tensor layer. */
  liveTensors = 0;

  private readonly pool: BufferPool;
  private readonly uniforms: UniformCache;
  private readonly stream: CommandStream;
  private readonly bindGroups: BindGroupCache;
  private readonly readback: Readback;
  private readonly failures: Failures;
  /** Buffers for which there was no memory. */
  private readonly broken = new WeakSet<GPUBuffer>();
  private trace: Trace | null = null;
  private destroyed = false;
  private allocatedBytes = 0;
  private peakBytes = 0;

  constructor(
    readonly device: GPUDevice,
    readonly adapter: AdapterDescription,
    private readonly host: GpuHost = plainHost,
  ) {
    this.limits = device.limits;
    this.features = new Set(device.features);
    const track = <T>(promise: Promise<T>): Promise<T> => this.host.trackPending(promise);
    this.failures = new Failures(device, track);
    this.pipelines = new PipelineCache(device, track, (diagnosis) => this.failures.expect(diagnosis));
    this.pool = new BufferPool((bytes, label) => this.createBuffer(bytes, label), this.largestBuffer);
    this.uniforms = new UniformCache(device);
    this.stream = new CommandStream(device);
    this.bindGroups = new BindGroupCache(device);
    this.readback = new Readback(device, track, (delta) => this.account(delta));
    device.addEventListener('uncapturederror', (event) => {
      // No scope caught it: no memory for a read-back buffer, say.
      this.failures.report(refused((event as GPUUncapturedErrorEvent).error));
    });
    void device.lost.then((info) => {
      if (this.destroyed) return;
      this.failures.report(
        new ShadegradError('DEVICE_LOST', 'the GPU device was lost', {
          received: info.message || info.reason,
          fix: 'start again from the last checkpoint; if it happens again, use a smaller size or batch',
        }),
      );
    });
  }

  /**
   * Throws if the device is gone. Other failures (a refused command, no memory, a shader that does not compile) are
   * thrown by the next `read()`, `sync()` or `record()`, once; the device stays usable.
   */
  assertAlive(): void {
    if (this.destroyed) {
      throw new ShadegradError('DEVICE_LOST', 'the Gpu is used after destroy()', { expected: 'a Gpu that is not destroyed', fix: 'request a new one, or call destroy() later' });
    }
    this.failures.throwIfLost();
  }

  /** True while `record()` traces a function: operations are noted down, not run. */
  get tracing(): boolean {
    return this.trace !== null;
  }

  /** Tells one trace from another, and from none: null while operations run at once. */
  get currentTrace(): { readonly depth: number } | null {
    return this.trace;
  }

  /** Hooks that the function being traced has set so far: what they write differs before and after. */
  get tracedHooks(): number {
    return this.trace?.hooks.length ?? 0;
  }

  /** Guards memory against the hooks of the traced function from one on whose writes are unknown: each run then looks. */
  guardAgainstHooks(firstHook: number, guard: Guard): void {
    this.trace?.guard(firstHook, guard);
  }

  /** Memory for a result. Contents are undefined. During a trace the memory is only promised. */
  allocate(bytes: number, label: string): Storage {
    if (!this.trace) return this.allocatePersistent(bytes, label);
    this.checkSize(bytes, label);
    const storage = new Storage(bytes, label, null, () => {}, this);
    this.trace.promised.push(storage);
    return storage;
  }

  /** Memory that exists at once, also during a trace. */
  allocatePersistent(bytes: number, label: string): Storage {
    this.assertAlive();
    this.checkSize(bytes, label);
    const buffer = this.pool.acquire(bytes, label);
    return new Storage(bytes, label, buffer, (storage) => {
      if (!this.destroyed && !this.broken.has(storage.buffer!)) this.pool.release(storage.buffer!);
    }, this);
  }

  private checkSize(bytes: number, label: string): void {
    if (bytes <= this.limits.maxBufferSize) return;
    throw new ShadegradError('LIMIT_EXCEEDED', `tensor "${label}" does not fit in one GPU buffer`, {
      expected: `at most ${this.limits.maxBufferSize} bytes (maxBufferSize of this adapter)`,
      received: `${bytes} bytes`,
      fix: 'use a smaller size, width or batch',
    });
  }

  /** Bytes of the largest buffer that holds whole words. */
  get largestBuffer(): number {
    return Math.floor(this.limits.maxBufferSize / 4) * 4;
  }

  /** A buffer outside the pool. The result of running out of memory arrives later, at the next wait. */
  createBuffer(bytes: number, label: string): GPUBuffer {
    this.device.pushErrorScope('out-of-memory');
    const buffer = this.device.createBuffer({
      label,
      size: bytes,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    });
    const inUse = this.allocatedBytes;
    const outcome = this.host.trackPending(this.device.popErrorScope());
    this.failures.expect(outcome.then((error) => (error ? this.outOfMemory(buffer, label, inUse, error) : null)));
    this.account(bytes);
    return buffer;
  }

  private outOfMemory(buffer: GPUBuffer, label: string, inUse: number, error: GPUError): ShadegradError {
    // It must never serve again: whatever uses it is refused by the device.
    this.broken.add(buffer);
    this.pool.remove(buffer);
    this.account(-buffer.size);
    return new ShadegradError('OUT_OF_MEMORY', `no GPU memory left for "${label}"`, {
      expected: `${buffer.size} bytes free`,
      received: `${inUse} bytes were allocated already (maxBufferSize ${this.limits.maxBufferSize}): ${error.message}`,
      fix: 'use smaller images, fewer channels or a smaller batch, or close what else uses the GPU',
    });
  }

  destroyBuffer(buffer: GPUBuffer): void {
    if (this.destroyed) return;
    // Work that uses it may still wait to be submitted.
    this.stream.flush();
    this.bindGroups.clear();
    if (!this.broken.has(buffer)) this.account(-buffer.size);
    buffer.destroy();
  }

  private account(delta: number): void {
    this.allocatedBytes += delta;
    this.peakBytes = Math.max(this.peakBytes, this.allocatedBytes + this.uniforms.bytes);
  }

  /** Runs a kernel, after everything dispatched before it; or notes it down during a trace. */
  dispatch(call: DispatchCall): void {
    this.check(call);
    if (tracing && tracing !== this) throw tracedElsewhere(call.shader.name);
    if (this.trace) {
      this.trace.addCall(call);
      return;
    }
    this.stream.push(this.command(call));
    for (const { storage, region, access } of call.bindings) if (access === 'write') storage.noteWrite(region, `kernel ${call.shader.name}`);
  }

  /** Turns a checked call whose storages have buffers into a command. */
  command(call: DispatchCall): Command {
    const pipeline = this.pipelines.get(call.shader);
    const ranges = call.bindings.map(({ storage, offset, bytes }) => ({ buffer: storage.buffer!, offset, bytes }));
    if (call.params) ranges.push(this.uniforms.get(call.params.pack()));
    return { pipeline, bindGroup: this.bindGroups.get(pipeline, ranges), workgroups: call.workgroups };
  }

  /** Submits a part of a recorded step after everything dispatched so far. */
  submitCommands(commands: readonly Command[]): void {
    this.stream.flush();
    this.stream.submit(commands);
  }

  private check({ shader, bindings, workgroups }: DispatchCall): void {
    this.assertAlive();
    for (const count of workgroups) {
      if (count >= 1 && count <= this.limits.maxComputeWorkgroupsPerDimension) continue;
      throw new ShadegradError('LIMIT_EXCEEDED', `kernel ${shader.name}: ${workgroups.join(' x ')} workgroups`, {
        expected: `1 to ${this.limits.maxComputeWorkgroupsPerDimension} in each dimension`,
        received: String(count),
        fix: 'use a smaller size or batch',
      });
    }
    for (const { storage } of bindings) this.assertOwn(storage);
    for (const { storage, bytes, access } of bindings) {
      storage.assertLive();
      if (bytes > this.limits.maxStorageBufferBindingSize) {
        throw new ShadegradError('LIMIT_EXCEEDED', `kernel ${shader.name}: tensor "${storage.label}" is too large to bind`, {
          expected: `at most ${this.limits.maxStorageBufferBindingSize} bytes (maxStorageBufferBindingSize of this adapter)`,
          received: `${bytes} bytes`,
          fix: 'use a smaller size, width or batch',
        });
      }
      if (bindings.some((other) => other.storage === storage && other.access !== access)) {
        throw new ShadegradError('BUFFER_CONFLICT', `kernel ${shader.name} reads and writes the memory of "${storage.label}" at once`, {
          expected: 'inputs and outputs in different buffers (WebGPU forbids one dispatch to read and write one buffer)',
          fix: 'let the operation make its own output, or copy the input first',
        });
      }
    }
  }

  /** @throws DEVICE_MISMATCH for memory of another Gpu */
  private assertOwn({ owner, label }: Storage): void {
    if (owner !== this && owner !== null) throw memoryElsewhere(label, this.adapter, owner instanceof Gpu ? owner.adapter : null);
  }

  /**
   * Host work that belongs to a step and changes with it (Adam's bias correction, the dropout step): runs now,
   * or, during a trace, before each replay.
   *
   * @param writes all the memory that the hook writes, which lets a replay run it early and stay one compute pass.
   *   Without it the replay makes a new pass where the hook stood.
   * @param done host work to be done when no hook of the pass has thrown and the pass is submitted: what counts steps belongs
   *   here, so that a step that is not run is not counted
   */
  eachStep(hook: () => void, writes: readonly Storage[] | null = null, done: (() => void) | null = null): void {
    if (this.trace) {
      this.trace.addHook({ run: hook, writes, done });
    } else {
      hook();
      done?.();
    }
  }

  /** Writes bytes after everything dispatched so far. `offset` and the length are multiples of 4. */
  write(storage: Storage, offset: number, data: ArrayBufferView): void {
    this.assertAlive();
    this.assertOwn(storage);
    storage.assertLive();
    if (this.trace || !storage.buffer) {
      throw new ShadegradError('RECORDING', `"${storage.label}" is uploaded inside a recorded function`, {
        fix: 'upload before record(), or in an eachStep() hook',
      });
    }
    this.queueWrite(storage.buffer, offset, data);
    storage.noteWrite(span(offset, data.byteLength), 'write()');
  }

  /**
   * Memory with contents that never change, such as a table that kernels read. Unlike `write()` it may be used
   * during a trace: the contents are there before any run.
   */
  allocateConstant(data: ArrayBufferView, label: string): Storage {
    const storage = this.allocatePersistent(data.byteLength, label);
    this.queueWrite(storage.buffer!, 0, data);
    return storage;
  }

  private queueWrite(buffer: GPUBuffer, offset: number, data: ArrayBufferView): void {
    this.stream.flush();
    this.device.queue.writeBuffer(buffer, offset, data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
  }

  /** Copies bytes on the device, after everything dispatched so far. Offsets and the length are multiples of 4. */
  copy(source: Storage, sourceOffset: number, target: Storage, targetOffset: number, bytes: number): void {
    this.assertAlive();
    for (const storage of [source, target]) this.assertOwn(storage);
    source.assertLive();
    target.assertLive();
    if (this.trace || !source.buffer || !target.buffer) {
      throw new ShadegradError('RECORDING', `"${source.label}" is copied inside a recorded function`, {
        fix: 'use the copy kernel there: a buffer copy would break the recorded pass in two',
      });
    }
    if (source.buffer === target.buffer) {
      throw new ShadegradError('BUFFER_CONFLICT', `"${source.label}" is copied within its own memory`, {
        expected: 'source and target in different buffers',
        fix: 'copy through a tensor in between',
      });
    }
    this.stream.flush();
    const encoder = this.device.createCommandEncoder();
    encoder.copyBufferToBuffer(source.buffer, sourceOffset, target.buffer, targetOffset, bytes);
    this.device.queue.submit([encoder.finish()]);
    target.noteWrite(span(targetOffset, bytes), 'a copy');
  }

  /** Reads bytes back: what they are after everything dispatched before the call, whatever is dispatched while it waits. */
  async read(storage: Storage, offset: number, bytes: number): Promise<Uint8Array<ArrayBuffer>> {
    this.assertAlive();
    this.assertOwn(storage);
    storage.assertLive();
    if (this.trace || !storage.buffer) {
      throw new ShadegradError('RECORDING', `"${storage.label}" is read inside a recorded function`, {
        fix: 'return the tensor from the recorded function and read it after run()',
      });
    }
    this.stream.flush();
    let result;
    try {
      const reading = this.readback.read(storage.buffer, offset, bytes);
      [result] = await Promise.all([reading, this.failures.settle()]);
    } catch (cause) {
      await this.failures.settle();
      this.throwFailure();
      throw new ShadegradError('DEVICE_LOST', `"${storage.label}" (${bytes} bytes) could not be read back`, {
        received: cause instanceof Error && cause.message ? cause.message : 'the device gave no reason',
        fix: 'start again from the last checkpoint',
      });
    }
    this.throwFailure();
    return result;
  }

  /** Waits until the device has done everything dispatched so far, and throws what went wrong in it. */
  async sync(): Promise<void> {
    this.assertAlive();
    this.stream.flush();
    await this.host.trackPending(this.device.queue.onSubmittedWorkDone()).catch(() => {});
    await this.failures.settle();
    this.throwFailure();
  }

  private throwFailure(): void {
    this.assertAlive();
    const failure = this.failures.take();
    if (!failure) return;
    // What was refused may be a bind group, which would be refused again with less of an explanation.
    this.bindGroups.clear();
    throw failure;
  }

  /**
   * Traces `step` without running it, plans its memory and compiles its pipelines in parallel. Tensors that
   * `step` returns can be read after each `run()`; all others are gone.
   *
   * A run does what `step` would do if it were called at that time, to the bit. JavaScript runs once only, while it is traced:
   * numbers that `step` reads (a loss's weight, a factor) keep the values that they have then, unless they are read in an
   * `eachStep()` hook. Gradients of leaves add up from run to run unless `step` calls `zeroGrad()`, as they do when it is called.
   */
  async record<T>(step: () => T): Promise<{ recording: Recording; result: T }> {
    this.assertAlive();
    if (tracing) {
      throw new ShadegradError('RECORDING', 'record() is called inside a recorded function', {
        expected: 'one record() at a time',
        received: 'a record() while another one traces its function',
        fix: 'record one function that does both',
      });
    }
    this.stream.flush();
    const trace = new Trace(this.scopes.depth);
    this.trace = trace;
    tracing = this;
    let result: T;
    try {
      result = this.scopes.run(step);
    } finally {
      this.trace = null;
      tracing = null;
      trace.end();
    }
    try {
      const recording = await Recording.build(this, trace);
      await this.failures.settle();
      this.throwFailure();
      return { recording, result };
    } catch (error) {
      for (const handle of scopedIn(result)) handle.dispose();
      throw error;
    }
  }

  /** Runs `body`; tensors made in it are disposed at its end, but for those it returns or that are kept. */
  scope<T>(body: () => T): T {
    return this.scopes.run(body);
  }

  memory(): MemoryReport {
    return {
      tensors: this.liveTensors,
      bytesInUse: this.allocatedBytes - this.pool.pooledBytes - this.readback.bytes,
      bytesPooled: this.pool.pooledBytes + this.readback.bytes,
      peakBytes: this.peakBytes,
    };
  }

  /** Gives unused buffers back to the driver. */
  trim(): void {
    this.stream.flush();
    this.bindGroups.clear();
    this.allocatedBytes -= this.pool.pooledBytes;
    this.pool.trim();
    this.readback.trim();
  }

  /** Ends the device. Every tensor is invalid afterwards. */
  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.bindGroups.clear();
    this.uniforms.destroy();
    this.device.destroy();
  }
}
