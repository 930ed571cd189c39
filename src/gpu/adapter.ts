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
}

/** What to call an adapter in messages. */
export function adapterName({ description, device, vendor }: AdapterDescription): string {
  return description || device || vendor || 'an adapter without a name';
}
