/** The adapter that a device was requested from. */
export interface AdapterDescription {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  /** A CPU pretending to be a GPU (lavapipe, SwiftShader, WARP). */
  readonly software: boolean;
  /** Lanes of a subgroup where that is one number and shaders may use subgroups; null otherwise. */
  readonly subgroupSize: number | null;
}

/** What to call an adapter in messages. */
export function adapterName({ description, device, vendor }: AdapterDescription): string {
  return description || device || vendor || 'an adapter without a name';
}
