import { cut, put, type Raster, type Rect } from './raster.js';

/** One whole action: what a rectangle held before it and after. */
interface Change {
  readonly rect: Rect;
  readonly before: Uint8Array;
  readonly after: Uint8Array;
}

/** Memory that actions may take; the oldest are forgotten first. */
const MOST_BYTES = 32 * 2 ** 20;

const sizeOf = ({ before, after }: Change): number => before.length + after.length;

/** Undo and redo of whole actions, in memory that is bounded. */
export class History {
  private done: Change[] = [];
  private undone: Change[] = [];
  private bytes = 0;

  /** @param most bytes of memory */
  constructor(private readonly most = MOST_BYTES) {}

  get canUndo(): boolean {
    return this.done.length > 0;
  }

  get canRedo(): boolean {
    return this.undone.length > 0;
  }

  /**
   * Keeps an action that has been done. What was undone before it can be done again no more.
   *
   * @param before the raster as it was before
   * @param rect all that may have changed
   * @returns whether anything has changed; else nothing is kept
   */
  add(before: Raster, after: Raster, rect: Rect): boolean {
    const change = { rect, before: cut(before, rect), after: cut(after, rect) };
    if (change.before.every((byte, at) => byte === change.after[at])) return false;
    for (const { length } of this.undone.flatMap((each) => [each.before, each.after])) this.bytes -= length;
    this.undone = [];
    this.done.push(change);
    this.bytes += sizeOf(change);
    // The newest one is kept whatever its size.
    while (this.bytes > this.most && this.done.length > 1) this.bytes -= sizeOf(this.done.shift()!);
    return true;
  }

  /** Takes the last action back. @returns the rectangle that changed; null where there is none */
  undo(raster: Raster): Rect | null {
    const change = this.done.pop();
    if (!change) return null;
    this.undone.push(change);
    put(raster, change.rect, change.before);
    return change.rect;
  }

  /** Does again what was undone last. @returns the rectangle that changed; null where there is none */
  redo(raster: Raster): Rect | null {
    const change = this.undone.pop();
    if (!change) return null;
    this.done.push(change);
    put(raster, change.rect, change.after);
    return change.rect;
  }
}
