import { ShadegradError } from '../errors.js';
import type { Params } from './params.js';
import type { Shader } from './pipeline-cache.js';
import type { Binding } from './storage.js';

/** A kernel launch, as `gpu.dispatch()` takes it: bindings take `@binding(0)` upwards in order, the uniform block (if any) comes last. */
export interface DispatchCall {
  /** What runs: made by `specialise()`. */
  readonly shader: Shader;
  /** The memory that the kernel reads and writes, in the order of `@binding`: `tensor.read()` and `tensor.written()`. */
  readonly bindings: readonly Binding[];
  /** The uniform block, in the order of the WGSL struct. */
  readonly params?: Params;
  /** Workgroups in each dimension, at least 1: those of `walkElements()` or `grid()`. */
  readonly workgroups: readonly [number, number, number];
}

/** What `gpu.memory()` tells. */
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

/** @throws LIMIT_EXCEEDED, USE_AFTER_FREE, BUFFER_CONFLICT for a call that a device of these limits cannot run */
export function checkCall({ shader, bindings, workgroups }: DispatchCall, limits: GPUSupportedLimits): void {
  for (const count of workgroups) {
    if (count >= 1 && count <= limits.maxComputeWorkgroupsPerDimension) continue;
    throw new ShadegradError('LIMIT_EXCEEDED', `kernel ${shader.name}: ${workgroups.join(' x ')} workgroups`, {
      expected: `1 to ${limits.maxComputeWorkgroupsPerDimension} in each dimension`,
      received: String(count),
      fix: 'use a smaller size or batch',
    });
  }
  for (const { storage, bytes, access } of bindings) {
    storage.assertLive();
    if (bytes > limits.maxStorageBufferBindingSize) {
      throw new ShadegradError('LIMIT_EXCEEDED', `kernel ${shader.name}: tensor "${storage.label}" is too large to bind`, {
        expected: `at most ${limits.maxStorageBufferBindingSize} bytes (maxStorageBufferBindingSize of this adapter)`,
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
