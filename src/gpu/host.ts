/**
 * What a Gpu needs from the place it runs in. A browser needs nothing; Node's binding polls while a GPU promise is pending and wants
 * that polling slowed down, which `nodeHost` does.
 */
export interface GpuHost {
  /** Called with every promise of the GPU that the library waits for; returns the same result. */
  trackPending<T>(promise: Promise<T>): Promise<T>;
  /** Frees the GPU's objects that JavaScript has dropped. Where it is absent, the engine does so in its own time. */
  collect?(this: void): Promise<void>;
}

export const plainHost: GpuHost = { trackPending: (promise) => promise };
