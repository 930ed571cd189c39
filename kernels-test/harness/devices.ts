import * as assert from 'uvu/assert';
import { ShadegradError, type ErrorCode } from '../../src/errors.js';
import { Gpu } from '../../src/gpu/gpu.js';
import type { Shader } from '../../src/gpu/pipeline-cache.js';

/** Opens a device of one's own, for tests that end it. */
export { openTestGpu } from './platform.js';

/** The same device with some of its properties and methods replaced, to count calls or to pretend a limit. */
export function wrapDevice(device: GPUDevice, replaced: Partial<Record<keyof GPUDevice, unknown>>): GPUDevice {
  return new Proxy(device, {
    get(target, name) {
      if (name in replaced) return replaced[name as keyof GPUDevice];
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** A second runtime on the device of `gpu`, which believes in the given limits. Do not destroy it: the device is shared. */
export function withLimits(gpu: Gpu, limits: Partial<Record<keyof GPUSupportedLimits, number>>): Gpu {
  const pretended = new Proxy(gpu.device.limits, { get: (target, name) => Reflect.get(limits, name) ?? Reflect.get(target, name, target) });
  return new Gpu(wrapDevice(gpu.device, { limits: pretended }), gpu.adapter);
}

/** The same, which has these of WebGPU's optional features and no others. */
export function withFeatures(gpu: Gpu, names: readonly GPUFeatureName[]): Gpu {
  return new Gpu(wrapDevice(gpu.device, { features: new Set(names) }), gpu.adapter);
}

/** What a call throws or its promise is rejected with; an error of the library with this code and these words. */
export async function failure(code: ErrorCode, call: () => unknown, ...words: (string | RegExp)[]): Promise<ShadegradError> {
  let error: unknown;
  try {
    await call();
  } catch (thrown) {
    error = thrown;
  }
  assert.instance(error, ShadegradError, `${code} is thrown, not ${String(error)}`);
  const { code: actual, message } = error as ShadegradError;
  assert.is(actual, code, message);
  for (const word of words) assert.match(message, word);
  return error as ShadegradError;
}

/** y[0] += x[0], `turns` times: as long as one likes, so that work is certainly pending. */
export function slowShader(turns: number): Shader {
  const code = `
    @group(0) @binding(0) var<storage, read> x: array<f32>;
    @group(0) @binding(1) var<storage, read_write> y: array<f32>;
    @compute @workgroup_size(1) fn main() {
      for (var turn = 0u; turn < ${turns}u; turn++) { y[0] = y[0] * 0.5 + x[0]; }
    }`;
  return { name: 'slow', code };
}
