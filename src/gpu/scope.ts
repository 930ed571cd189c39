import { ShadegradError } from '../errors.js';
import type { Storage } from './storage.js';

/** A handle on GPU memory, such as a tensor, that a scope may have to give back. */
export interface Scoped {
  /** Gives the memory back. */
  dispose(): void;
  /** Whether that has been done. */
  readonly disposed: boolean;
  /** The memory. @internal */
  storages(): Storage[];
}

function isScoped(value: object): value is Scoped {
  return 'storages' in value && 'dispose' in value;
}

function isPromise(value: object): boolean {
  return 'then' in value && typeof value.then === 'function';
}

/** Objects that hold no handles of the user's, and may be large: their insides are not looked at. */
function isOpaque(value: object): boolean {
  const isGpu = 'scopes' in value && value.scopes instanceof ScopeStack;
  return isGpu || value instanceof ScopeStack || value instanceof ArrayBuffer || ArrayBuffer.isView(value);
}

/** The values of an object's own fields; getters are not called. */
function* fieldsOf(value: object): Generator<unknown> {
  for (const field of Object.values(Object.getOwnPropertyDescriptors(value))) if (field.enumerable && 'value' in field) yield field.value;
}

/**
 * The handles and promises in a value: itself, or at any depth inside arrays, maps, sets, plain objects and the fields of
 * instances of classes; each once. Fields with a # are not seen.
 */
function* foundIn(root: unknown): Generator<{ handle?: Scoped; promise?: object }> {
  const seen = new Set<object>();
  const open: unknown[] = [root];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value !== 'object' || value === null || seen.has(value)) continue;
    seen.add(value);
    if (isScoped(value)) yield { handle: value };
    else if (isPromise(value)) yield { promise: value };
    else if (Array.isArray(value)) {
      // Numbers by the million are not worth a place each.
      for (const item of value as unknown[]) if (typeof item === 'object') open.push(item);
    } else if (!isOpaque(value)) {
      if (value instanceof Map) for (const entry of value) open.push(...entry);
      else if (value instanceof Set) for (const item of value) open.push(item);
      for (const field of fieldsOf(value)) open.push(field);
    }
  }
}

/** The handles in a returned value: itself, or inside arrays, maps, sets and objects of any kind. */
export function* scopedIn(value: unknown): Generator<Scoped> {
  for (const { handle } of foundIn(value)) if (handle) yield handle;
}

/** Nested scopes, as JavaScript has no destructors: a handle made in a scope is disposed when the scope ends. */
export class ScopeStack {
  private readonly stack: Set<Scoped>[] = [];

  add(handle: Scoped): void {
    this.stack[this.stack.length - 1]?.add(handle);
  }

  /** How many scopes are open. */
  get depth(): number {
    return this.stack.length;
  }

  /** Whether a handle was made in a scope that was opened when `depth` scopes were open already, and is still in one. */
  holds(handle: Scoped, depth: number): boolean {
    return this.stack.slice(depth).some((scope) => scope.has(handle));
  }

  /** Takes a handle out of every open scope: it lives until it is disposed by hand. */
  keep(handle: Scoped): void {
    for (const scope of this.stack) scope.delete(handle);
  }

  /** Hands a handle to the scope that was opened when `depth` scopes were open already: it lives until that one ends. */
  lift(handle: Scoped, depth: number): void {
    this.keep(handle);
    this.stack[depth]?.add(handle);
  }

  /** Disposes of a handle before its scope ends, if that is the innermost one; leaves every other handle alone. */
  release(handle: Scoped): void {
    if (this.stack[this.stack.length - 1]?.delete(handle)) handle.dispose();
  }

  /**
   * Runs `body`; handles made in it are disposed at its end, but for those in its result (see scopedIn()), which belong to
   * the scope around this one, and those that are kept.
   * @throws INVALID_ARGUMENT when the result is a promise or holds one, and what `body` throws; every handle is disposed then
   */
  run<T>(body: () => T): T {
    const scope = new Set<Scoped>();
    this.stack.push(scope);
    const survivors: Scoped[] = [];
    try {
      const result = body();
      for (const { handle, promise } of foundIn(result)) {
        if (handle) survivors.push(handle);
        if (!promise) continue;
        survivors.length = 0;
        // What it fails of, now that its tensors are gone, is told by this error.
        if (promise instanceof Promise) promise.catch(() => {});
        const asynchronous = promise === result;
        const what = asynchronous ? 'an asynchronous function is run' : 'a promise is in the result of a function that is run';
        throw new ShadegradError('INVALID_ARGUMENT', `${what} in a scope or recorded`, {
          expected: 'a function without await: its tensors are disposed when it returns',
          received: asynchronous ? 'a function that returned a promise' : 'a result that holds a promise',
          fix: 'return the tensors from the scope and await their data outside',
        });
      }
      return result;
    } finally {
      this.stack.pop();
      for (const survivor of survivors) if (scope.delete(survivor)) this.add(survivor);
      for (const handle of scope) if (!handle.disposed) handle.dispose();
    }
  }
}
