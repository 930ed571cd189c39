/** The adapter that a device was requested from. */
export interface AdapterDescription {
  /** The maker of the adapter, such as "nvidia", as WebGPU tells it; empty where it does not. */
  readonly vendor: string;
  /** The family that it belongs to, such as "ampere", as WebGPU tells it; empty where it does not. */
  readonly architecture: string;
  /** A number or name of the adapter, as WebGPU tells it; empty where it does not. */
  readonly device: string;
  /** The adapter in words, as WebGPU tells it; empty where it does not. */
  readonly description: string;
  /** Whether the adapter is a CPU that stands in for a GPU (lavapipe, SwiftShader, WARP). */
  readonly software: boolean;
  /** The lanes of a subgroup where that is one number and shaders may use subgroups; null otherwise. */
  readonly subgroupSize: number | null;
  /** The units that multiply small matrices, where shaders may use them. */
  readonly matrixUnits?: readonly MatrixUnit[];
}

/** A unit of a GPU that multiplies an m x k matrix by a k x n matrix of a type and adds the products to f32. */
export interface MatrixUnit {
  /** The type of both operands. */
  readonly type: 'f32' | 'f16';
  /** Rows of the first operand and of the result. */
  readonly m: number;
  /** Columns of the second operand and of the result. */
  readonly n: number;
  /** Terms of each sum. */
  readonly k: number;
}

/** What to call an adapter in messages. */
export function adapterName({ description, device, vendor, architecture }: AdapterDescription): string {
  return description || device || [vendor, architecture].filter((word) => word !== '').join(' ') || 'an adapter without a name';
}

/** The kind of an adapter: a GPU, one of two known software drivers, or another one. */
export type AdapterKind = 'hardware' | 'lavapipe' | 'swiftshader' | 'software';

/** What runs behind an adapter, told from the names that its driver gives it. */
export function adapterKind(adapter: {
  readonly name?: string;
  readonly architecture: string;
  readonly description: string;
  readonly software: boolean;
}): AdapterKind {
  const text = `${adapter.name ?? ''} ${adapter.architecture} ${adapter.description}`.toLowerCase();
  if (text.includes('llvmpipe') || text.includes('lavapipe')) return 'lavapipe';
  if (text.includes('swiftshader')) return 'swiftshader';
  return adapter.software ? 'software' : 'hardware';
}

/** The features that the library has a use for: what reports on an adapter name. */
export const REPORTED_FEATURES = ['subgroups', 'shader-f16', 'timestamp-query'] as const;

/** The limits that decide what fits: what reports on an adapter name. */
export const REPORTED_LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupsPerDimension',
] as const;
