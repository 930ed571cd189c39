import { ShadegradError } from '../errors.js';
import { Gpu } from './gpu.js';
import { plainHost, type GpuHost } from './host.js';
import { MATRIX_UNITS, matrixUnitsOf } from './matrix-units.js';

/** What is asked of an adapter by openGpu() and requestGpu(). */
export interface GpuRequest {
  /** Which of several GPUs: the fast one or the frugal one. Default 'high-performance'. */
  powerPreference?: GPUPowerPreference;
  /** The features that must be there; others that the library can use are taken when the adapter has them. */
  requiredFeatures?: GPUFeatureName[];
}

/** What the library uses when the adapter offers it. */
const OPTIONAL_FEATURES: readonly GPUFeatureName[] = ['subgroups', 'shader-f16', 'timestamp-query', MATRIX_UNITS];

/** The limits that kernels run into; asked for as high as the adapter goes. */
const RAISED_LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxStorageBuffersPerShaderStage',
] as const;

/**
 * Opens a device on an adapter with the highest limits it offers, where an adapter is at hand; requestGpu() finds one.
 *
 * @param host what waits for the device; Node's is `nodeHost`
 * @throws NO_ADAPTER when a required feature is missing or the adapter refuses
 */
export async function openGpu(adapter: GPUAdapter, request: GpuRequest = {}, host: GpuHost = plainHost): Promise<Gpu> {
  const required = request.requiredFeatures ?? [];
  for (const feature of required) {
    if (adapter.features.has(feature)) continue;
    throw new ShadegradError('NO_ADAPTER', `the adapter lacks the feature "${feature}"`, {
      expected: feature,
      received: [...adapter.features].join(', ') || 'no features',
      fix: 'choose another adapter, or do without the feature',
    });
  }
  const optional = OPTIONAL_FEATURES.filter((feature) => adapter.features.has(feature));
  const requiredLimits: Record<string, number> = {};
  for (const limit of RAISED_LIMITS) requiredLimits[limit] = adapter.limits[limit];
  let device: GPUDevice;
  try {
    device = await host.trackPending(
      adapter.requestDevice({ requiredFeatures: [...new Set([...required, ...optional])] as GPUFeatureName[], requiredLimits }),
    );
  } catch (cause) {
    throw new ShadegradError('NO_ADAPTER', 'the adapter refused to open a device', {
      received: cause instanceof Error ? cause.message : String(cause),
      fix: 'update the graphics driver, or choose another adapter',
      cause,
    });
  }
  const { vendor, architecture, device: deviceName, description, subgroupMinSize = 0, subgroupMaxSize = 0 } = adapter.info;
  const software = /swiftshader|llvmpipe|lavapipe|warp|basic render/i.test(`${architecture} ${deviceName} ${description}`);
  const fixedSize = device.features.has('subgroups') && subgroupMinSize > 0 && subgroupMinSize === subgroupMaxSize;
  const subgroupSize = fixedSize ? subgroupMinSize : null;
  const matrixUnits = device.features.has(MATRIX_UNITS) ? matrixUnitsOf(adapter.info) : [];
  return new Gpu(device, { vendor, architecture, device: deviceName, description, software, subgroupSize, matrixUnits }, host);
}

/**
 * Finds an adapter through the platform's `GPU` object (`navigator.gpu` in browsers) and opens a device on it.
 * @throws NO_ADAPTER when there is none.
 */
export async function requestGpu(platform: GPU | undefined, request: GpuRequest = {}, host: GpuHost = plainHost): Promise<Gpu> {
  const adapter = await platform?.requestAdapter({ powerPreference: request.powerPreference ?? 'high-performance' });
  if (!adapter) {
    throw new ShadegradError('NO_ADAPTER', 'no WebGPU adapter was found', {
      expected: 'a GPU, or a software Vulkan driver',
      fix:
        'in Node, "npx shadegrad doctor" says what is missing on this machine; in a browser, try a recent Chrome, Edge, ' +
        'Safari or Firefox with WebGPU and hardware acceleration on',
    });
  }
  return openGpu(adapter, request, host);
}
