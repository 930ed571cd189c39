import { ShadegradError } from './errors.js';
import type { Storage } from './storage.js';

/** A handle on GPU memory that a scope may have to give back. */
export interface Scoped {
  dispose(): void;
  readonly disposed: boolean;
  storages(): Storage[];
}

function isScoped(value: unknown): value is Scoped {
  return typeof value === 'object' && value !== null && 'storages' in value && 'dispose' in value;
}

/** The handles in a returned value: itself, or inside arrays and plain objects. */
export function* scopedIn(value: unknown): Generator<Scoped> {
  if (isScoped(value)) yield value;
  else if (Array.isArray(value)) for (const item of value) yield* scopedIn(item);
  else if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    for (const item of Object.values(value)) yield* scopedIn(item);
  }
}

/** Nested scopes, as JavaScript has no destructors: what is made in one goes when it ends. */
export class ScopeStack {
  private readonly stack: Set<Scoped>[] = [];

  add(handle: Scoped): void {
    this.stack[this.stack.length - 1]?.add(handle);
  }

  /** Takes a handle out of every open scope: it lives until it is disposed by hand. */
  keep(handle: Scoped): void {
    for (const scope of this.stack) scope.delete(handle);
  }

  run<T>(body: () => T): T {
    const scope = new Set<Scoped>();
    this.stack.push(scope);
    let result: T | undefined;
    try {
      result = body();
      if (result instanceof Promise) {
        throw new ShadegradError('INVALID_ARGUMENT', 'an asynchronous function is run in a scope or recorded', {
          expected: 'a function without await: its tensors are disposed when it returns',
          received: 'a function that returned a promise',
          fix: 'return the tensors from the scope and await their data outside',
        });
      }
      return result;
    } finally {
      this.stack.pop();
      for (const survivor of scopedIn(result)) {
        if (scope.delete(survivor)) this.add(survivor);
      }
      for (const handle of scope) if (!handle.disposed) handle.dispose();
    }
  }
}
