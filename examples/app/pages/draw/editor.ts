import { History } from './history.js';
import { around, cut, put, wholeOf, type Raster, type Rect, type Spot } from './raster.js';
import type { Tool } from './tools.js';

/** What an editor tells: which part has changed, and whether an action is whole with it or still goes on. */
export interface EditorEvents {
  changed(rect: Rect, isWhole: boolean): void;
  /** The eyedropper has found a swatch. */
  picked(value: number): void;
}

/** An action that goes on. */
interface Action {
  readonly tool: Tool;
  readonly value: number;
  /** The raster before it. */
  readonly before: Raster;
  readonly first: Spot;
  last: Spot;
  /** All that it has changed. */
  rect: Rect | null;
}

/** A drawing that is being made: tools begin, move and end; undo takes whole actions back. It knows no page. */
export class Editor {
  private readonly history: History;
  private action: Action | null = null;

  /**
   * @param raster is drawn on in place
   * @param paper what the eraser leaves
   * @param most bytes that undo may take
   */
  constructor(
    readonly raster: Raster,
    readonly paper: number,
    private readonly events: EditorEvents,
    most?: number,
  ) {
    this.history = new History(most);
  }

  get canUndo(): boolean {
    return this.history.canUndo;
  }

  get canRedo(): boolean {
    return this.history.canRedo;
  }

  /** Whether an action goes on. */
  get isDrawing(): boolean {
    return this.action !== null;
  }

  /** The value of the pixel of a place; undefined beside the drawing. */
  valueAt({ x, y }: Spot): number | undefined {
    const { width, height, data } = this.raster;
    const [column, row] = [Math.floor(x), Math.floor(y)];
    return column >= 0 && row >= 0 && column < width && row < height ? data[row * width + column] : undefined;
  }

  /** Begins an action; one that goes on is ended first. */
  begin(tool: Tool, spot: Spot, value: number): void {
    this.end();
    if (tool.way === 'pick') {
      const found = this.valueAt(spot);
      if (found !== undefined) this.events.picked(found);
      return;
    }
    const before = { ...this.raster, data: this.raster.data.slice() };
    this.action = { tool, value: tool.erases ? this.paper : value, before, first: spot, last: spot, rect: null };
    this.draw(spot, spot);
    if (tool.way === 'touch') this.end();
  }

  /** Goes on to further places. */
  move(spots: readonly Spot[]): void {
    const { action } = this;
    if (!action || spots.length === 0) return;
    if (action.tool.way === 'trail') {
      for (const spot of spots) this.draw(action.last, spot);
      return;
    }
    const spot = spots.at(-1)!;
    // A shape is drawn anew from where it began.
    const old = action.rect;
    if (old) put(this.raster, old, cut(action.before, old));
    action.rect = null;
    this.draw(action.first, spot, old);
  }

  /** Ends the action: it is one that can be undone. */
  end(): void {
    const { action } = this;
    this.action = null;
    if (!action?.rect) return;
    if (this.history.add(action.before, this.raster, action.rect)) this.events.changed(action.rect, true);
  }

  /** Leaves the action off, as if it had not been begun. */
  cancel(): void {
    const { action } = this;
    this.action = null;
    if (!action?.rect) return;
    put(this.raster, action.rect, cut(action.before, action.rect));
    this.events.changed(action.rect, true);
  }

  undo(): boolean {
    if (this.action) {
      this.cancel();
      return true;
    }
    return this.tell(this.history.undo(this.raster));
  }

  redo(): boolean {
    this.end();
    return this.tell(this.history.redo(this.raster));
  }

  /** Takes other pixels in one action. */
  replace(data: Uint8Array): void {
    this.end();
    const before = { ...this.raster, data: this.raster.data.slice() };
    this.raster.data.set(data);
    const rect = wholeOf(this.raster);
    if (this.history.add(before, this.raster, rect)) this.events.changed(rect, true);
  }

  /** Makes all of it one value. */
  clear(value = this.paper): void {
    this.replace(new Uint8Array(this.raster.data.length).fill(value));
  }

  private draw(from: Spot, to: Spot, also: Rect | null = null): void {
    const action = this.action!;
    action.last = to;
    const rect = action.tool.paint(this.raster, from, to, action.value);
    action.rect = around(action.rect, rect);
    const changed = around(rect, also);
    if (changed) this.events.changed(changed, false);
  }

  private tell(rect: Rect | null): boolean {
    if (rect) this.events.changed(rect, true);
    return rect !== null;
  }
}
