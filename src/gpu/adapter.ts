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
export function adapterName({ description, device, vendor }: AdapterDescription): string {
  return description || device || vendor || 'an adapter without a name';
}
