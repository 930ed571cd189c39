import type { AdapterDescription } from './adapter.js';
import { BufferPool } from './buffer-pool.js';
import { KernelVariants } from './kernel-variants.js';
import { checkCall, type DispatchCall, type MemoryReport } from './dispatch-call.js';
import { ShadegradError } from '../errors.js';
import { memoryElsewhere, tracedElsewhere } from './device-mismatch.js';
import { Failures, lost, refused, unreadable } from './failures.js';
import { plainHost, type GpuHost } from './host.js';
import { PipelineCache } from './pipeline-cache.js';
import { Readback } from './readback.js';
import { Recording, Trace, type Guard } from './recording.js';
import { scopedIn, ScopeStack, type Scoped } from './scope.js';
import { Storage } from './storage.js';
import { BindGroupCache, CommandStream, MOST_BIND_GROUPS, type Command } from './stream.js';
import { UniformCache } from './uniform-cache.js';
import { span } from './write-log.js';

/** The Gpu whose trace is open: tracing is synchronous, so there is one at a time. */
let tracing: Gpu | null = null;

/**
 * A Gpu: a WebGPU device with its memory, pipelines and command stream. `requestGpu()` makes one; `destroy()` ends it, or a Node
 * process will not exit.
 *
 * ```ts
 * const gpu = await requestGpu();
 * const y = gpu.scope(() => zeros(gpu, [2, 3]).add(1));
 * gpu.destroy();
 * ```
 */
export class Gpu {
  /** @internal */
  readonly pipelines: PipelineCache;
  /** @internal */
  readonly scopes = new ScopeStack();
  /** Which variants of its kernels this device runs. */
  readonly variants = new KernelVariants();
  /** The limits of the device, such as maxBufferSize in bytes. */
  readonly limits: GPUSupportedLimits;
  /** The names of the optional WebGPU features that the device has, such as "subgroups". */
  readonly features: ReadonlySet<string>;
  /** Count of live tensor handles; kept by the tensor layer. @internal */
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

  /**
   * Wraps a device that is open already; `requestGpu()` and `openGpu()` open one with the features and limits that kernels like.
   *
   * @param host what waits for the device; only Node needs one
   */
  constructor(
    /** The WebGPU device. */
    readonly device: GPUDevice,
    /** The adapter that the device is of. */
    readonly adapter: AdapterDescription,
    /** What waits for the device. @internal */
    readonly host: GpuHost = plainHost,
  ) {
    this.limits = device.limits;
    this.features = new Set(device.features);
    const track = <T>(promise: Promise<T>): Promise<T> => this.host.trackPending(promise);
    this.failures = new Failures(device, track);
    this.pipelines = new PipelineCache(device, track, (diagnosis) => this.failures.expect(diagnosis));
    this.pool = new BufferPool((bytes, label) => this.createBuffer(bytes, label), this.largestBuffer);
    this.uniforms = new UniformCache(device);
    this.stream = new CommandStream(device);
    this.bindGroups = new BindGroupCache(device, adapter.software ? MOST_BIND_GROUPS : Infinity);
    this.readback = new Readback(device, track, (delta) => this.account(delta));
    device.addEventListener('uncapturederror', (event) => {
      // No scope caught it: no memory for a read-back buffer, say.
      this.failures.report(refused((event as GPUUncapturedErrorEvent).error));
    });
    void device.lost.then((info) => {
      if (this.destroyed) return;
      this.failures.report(lost(info));
    });
  }

  /**
   * Throws if the device is gone. Other failures (a refused command, no memory, a shader that does not compile) are thrown by the
   * next call that waits, as `data()`, `sync()` and `record()` do, once; the device stays usable.
   *
   * @throws DEVICE_LOST
   */
  assertAlive(): void {
    if (this.destroyed) {
      throw new ShadegradError('DEVICE_LOST', 'the Gpu is used after destroy()', {
        expected: 'a Gpu that is not destroyed',
        fix: 'request a new one, or call destroy() later',
      });
    }
    this.failures.throwIfLost();
  }

  /** True while `record()` traces a function: operations are noted down, not run. */
  get tracing(): boolean {
    return this.trace !== null;
  }

  /** Tells one trace from another, and from none: null while operations run at once. @internal */
  get currentTrace(): { readonly depth: number } | null {
    return this.trace;
  }

  /** Hooks that the function being traced has set so far: what they write differs before and after. @internal */
  get tracedHooks(): number {
    return this.trace?.hooks.length ?? 0;
  }

  /** Whether a hook of the traced function from one on says nothing of what it writes. @internal */
  hasUnknownWrites(firstHook: number): boolean {
    return this.trace?.hooks.slice(firstHook).some(({ writes }) => writes === null) ?? false;
  }

  /** Guards memory against the hooks of the traced function from one on whose writes are unknown: each run then looks. @internal */
  guardAgainstHooks(firstHook: number, guard: Guard): void {
    this.trace?.guard(firstHook, guard);
  }

  /** Memory for a result. Contents are undefined. During a trace the memory is only promised. @internal */
  allocate(bytes: number, label: string): Storage {
    if (!this.trace) return this.allocatePersistent(bytes, label);
    this.checkSize(bytes, label);
    const storage = new Storage(bytes, label, null, () => {}, this);
    this.trace.promised.push(storage);
    return storage;
  }

  /** Memory that exists at once, also during a trace. @internal */
  allocatePersistent(bytes: number, label: string): Storage {
    this.assertAlive();
    this.checkSize(bytes, label);
    const buffer = this.pool.acquire(bytes, label);
    return new Storage(
      bytes,
      label,
      buffer,
      (storage) => {
        if (!this.destroyed && !this.broken.has(storage.buffer!)) this.pool.release(storage.buffer!);
      },
      this,
    );
  }

  private checkSize(bytes: number, label: string): void {
    if (bytes <= this.limits.maxBufferSize) return;
    throw new ShadegradError('LIMIT_EXCEEDED', `tensor "${label}" does not fit in one GPU buffer`, {
      expected: `at most ${this.limits.maxBufferSize} bytes (maxBufferSize of this adapter)`,
      received: `${bytes} bytes`,
      fix: 'use a smaller size, width or batch',
    });
  }

  /** Bytes of the largest buffer that holds whole words. @internal */
  get largestBuffer(): number {
    return Math.floor(this.limits.maxBufferSize / 4) * 4;
  }

  /** A buffer outside the pool. The result of running out of memory arrives later, at the next wait. @internal */
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

  /** @internal */
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

  /**
   * Runs a kernel, after everything dispatched before it; or notes it down inside `record()`. Does not wait for the device.
   *
   * @throws LIMIT_EXCEEDED for more workgroups or bytes than the adapter takes, or for too many different dispatches without a wait;
   *   BUFFER_CONFLICT when one memory is read and written; DEVICE_MISMATCH, USE_AFTER_FREE, DEVICE_LOST, RECORDING, SHADER_COMPILE
   */
  dispatch(call: DispatchCall): void {
    this.assertAlive();
    for (const { storage } of call.bindings) this.assertOwn(storage);
    checkCall(call, this.limits);
    if (tracing && tracing !== this) throw tracedElsewhere(call.shader.name);
    if (this.trace) {
      this.trace.addCall(call);
      return;
    }
    this.stream.push(this.command(call));
    for (const { storage, region, access } of call.bindings)
      if (access === 'write') storage.noteWrite(region, `kernel ${call.shader.name}`);
  }

  /** Turns a checked call whose storages have buffers into a command. @internal */
  command(call: DispatchCall): Command {
    const pipeline = this.pipelines.get(call.shader);
    const ranges = call.bindings.map(({ storage, offset, bytes }) => ({ buffer: storage.buffer!, offset, bytes }));
    if (call.params) ranges.push(this.uniforms.get(call.params.pack()));
    return { pipeline, bindGroup: this.bindGroups.get(pipeline, ranges), workgroups: call.workgroups };
  }

  /** Submits a part of a recorded step after everything dispatched so far. @internal */
  submitCommands(commands: readonly Command[]): void {
    this.stream.flush();
    this.stream.submit(commands);
  }

  /** @throws DEVICE_MISMATCH for memory of another Gpu */
  private assertOwn({ owner, label }: Storage): void {
    if (owner !== this && owner !== null) throw memoryElsewhere(label, this.adapter, owner instanceof Gpu ? owner.adapter : null);
  }

  /**
   * Runs host work that belongs to a step and changes with it, such as a learning rate: now, or, inside `record()`, in each run of
   * the recording.
   *
   * @param writes all tensors that the hook writes to, which lets a run do it early and stay one compute pass. Without it a run
   *   begins a new pass where the hook stood.
   * @param done host work to be done when no hook of the pass has thrown and the pass is submitted: what counts steps belongs
   *   here, so that a step that is not run is not counted
   */
  eachStep(hook: () => void, writes?: readonly Scoped[] | null, done?: (() => void) | null): void;
  /** @internal */
  eachStep(hook: () => void, writes?: readonly (Storage | Scoped)[] | null, done?: (() => void) | null): void;
  eachStep(hook: () => void, writes: readonly (Storage | Scoped)[] | null = null, done: (() => void) | null = null): void {
    if (this.trace) {
      const storages = writes?.flatMap((each) => (each instanceof Storage ? each : each.storages())) ?? null;
      this.trace.addHook({ run: hook, writes: storages, done });
    } else {
      hook();
      done?.();
    }
  }

  /** Writes bytes after everything dispatched so far. `offset` and the length are multiples of 4. @internal */
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
   * during a trace: the contents are there before any run. @internal
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

  /** Copies bytes on the device, after everything dispatched so far. Offsets and the length are multiples of 4. @internal */
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

  /**
   * Copies the pixels of a texture of RGBA bytes into memory, after everything dispatched so far.
   *
   * @param bytesPerRow from one row to the next in memory, a multiple of 256
   * @internal
   */
  copyFromTexture(texture: GPUTexture, storage: Storage, bytesPerRow: number): void {
    this.copyTexture(storage, (encoder, buffer) =>
      encoder.copyTextureToBuffer({ texture }, { buffer, bytesPerRow }, [texture.width, texture.height]),
    );
    storage.noteWrite(span(0, bytesPerRow * texture.height), 'a copy');
  }

  /** Copies memory into a texture, such as a canvas': the other way of copyFromTexture(). @internal */
  copyToTexture(storage: Storage, texture: GPUTexture, bytesPerRow: number): void {
    this.copyTexture(storage, (encoder, buffer) =>
      encoder.copyBufferToTexture({ buffer, bytesPerRow }, { texture }, [texture.width, texture.height]),
    );
  }

  private copyTexture(storage: Storage, copy: (encoder: GPUCommandEncoder, buffer: GPUBuffer) => void): void {
    this.assertAlive();
    this.assertOwn(storage);
    storage.assertLive();
    if (this.trace || !storage.buffer) {
      throw new ShadegradError('RECORDING', `"${storage.label}" is copied from or to a texture inside a recorded function`, {
        fix: 'copy before record(), or after a run()',
      });
    }
    this.stream.flush();
    const encoder = this.device.createCommandEncoder();
    copy(encoder, storage.buffer);
    this.device.queue.submit([encoder.finish()]);
  }

  /** Reads bytes back: what they are after everything dispatched before the call, whatever is dispatched while it waits. @internal */
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
    let result: Uint8Array<ArrayBuffer>;
    try {
      const reading = this.readback.read(storage.buffer, offset, bytes);
      [result] = await Promise.all([reading, this.failures.settle()]);
      await this.bindGroups.waited(this.host.collect);
    } catch (cause) {
      await this.failures.settle();
      this.throwFailure();
      throw unreadable(storage.label, bytes, cause);
    }
    this.throwFailure();
    return result;
  }

  /**
   * Waits until the device has done everything dispatched so far.
   *
   * @throws what went wrong in it: OUT_OF_MEMORY, GPU_VALIDATION, SHADER_COMPILE, DEVICE_LOST
   */
  async sync(): Promise<void> {
    this.assertAlive();
    this.stream.flush();
    await this.host.trackPending(this.device.queue.onSubmittedWorkDone()).catch(() => {});
    await this.failures.settle();
    await this.bindGroups.waited(this.host.collect);
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
   * Records a step: traces the function without running it, plans its memory and compiles its pipelines in parallel. Tensors that
   * it returns can be read after each `run()`; all others are gone.
   *
   * ```ts
   * const { recording, result: loss } = await gpu.record(() => step());
   * for (let i = 0; i < 1000; i++) recording.run();
   * console.log(await loss.item());
   * ```
   *
   * A run does what `step` would do if it were called at that time, to the bit. JavaScript runs once only, while it is traced:
   * numbers that `step` reads (a loss's weight, a factor) keep the values that they have then, unless they are read in an
   * `eachStep()` hook. Gradients of leaves add up from run to run unless `step` calls `zeroGrad()`, as they do when it is called.
   *
   * @param step a function without await
   * @returns the recording, and what `step` returned
   * @throws RECORDING inside another record(), and for what cannot be recorded, such as an upload; INVALID_ARGUMENT when `step`
   *   returns a promise; SHADER_COMPILE, OUT_OF_MEMORY; and what `step` throws
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

  /**
   * Runs `body` as a scope: tensors made in it are disposed at its end, but for those that it returns, alone or in arrays, maps, sets
   * and objects, and those that are kept; tf.tidy.
   *
   * @param body a function without await
   * @returns what `body` returns
   * @throws INVALID_ARGUMENT when it returns a promise; and what `body` throws, after which all its tensors are disposed
   */
  scope<T>(body: () => T): T {
    return this.scopes.run(body);
  }

  /** The memory that is in use, in tensors and bytes; tf.memory. */
  memory(): MemoryReport {
    return {
      tensors: this.liveTensors,
      bytesInUse: this.allocatedBytes - this.pool.pooledBytes - this.readback.bytes,
      bytesPooled: this.pool.pooledBytes + this.readback.bytes,
      peakBytes: this.peakBytes,
    };
  }

  /** Gives buffers that are kept for reuse back to the driver. */
  trim(): void {
    this.stream.flush();
    this.bindGroups.clear();
    this.allocatedBytes -= this.pool.pooledBytes;
    this.pool.trim();
    this.readback.trim();
  }

  /** Ends the device. Every tensor is invalid afterwards. Ending it twice is harmless. */
  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.bindGroups.clear();
    this.uniforms.destroy();
    this.device.destroy();
  }
}
