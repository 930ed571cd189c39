import { Gpu } from './gpu.js';

const nothing = (): void => {};

/** A buffer of so many bytes that takes none. */
function countedBuffer({ size, label = '' }: GPUBufferDescriptor): Partial<GPUBuffer> {
  return { size, label, destroy: nothing as GPUBuffer['destroy'] };
}

/** What a device of the same limits and features is asked for, and never does. */
function countingDevice({ limits, features }: GPUDevice): GPUDevice {
  const pass = { setPipeline: nothing, setBindGroup: nothing, dispatchWorkgroups: nothing, end: nothing };
  const encoder = { beginComputePass: () => pass, copyBufferToBuffer: nothing, finish: () => ({}) };
  const pipeline = (): object => ({ getBindGroupLayout: () => ({}) });
  const device = {
    limits,
    features,
    lost: new Promise(nothing),
    queue: { writeBuffer: nothing, submit: nothing, onSubmittedWorkDone: () => Promise.resolve() },
    addEventListener: nothing,
    pushErrorScope: nothing,
    popErrorScope: () => Promise.resolve(null),
    createBuffer: countedBuffer,
    createBindGroup: () => ({}),
    createShaderModule: () => ({}),
    createComputePipeline: pipeline,
    createComputePipelineAsync: () => Promise.resolve(pipeline()),
    createCommandEncoder: () => encoder,
    destroy: nothing,
  };
  return device as unknown as GPUDevice;
}

/**
 * A Gpu that counts the memory which another one would need and takes none: of the same adapter, limits and variants. Nothing runs on it,
 * so that nothing can be read from it.
 */
export function countingGpu(gpu: Gpu): Gpu {
  const counting = new Gpu(countingDevice(gpu.device), gpu.adapter);
  counting.variants.load(gpu.variants.entries());
  return counting;
}
