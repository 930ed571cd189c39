import type { Studio } from './studio.js';
import { TOOLS } from './tools.js';

/** What keys do beside tools and swatches, for the page's list of them. */
export interface KeyRow {
  readonly keys: string;
  readonly about: string;
}

/** What one can do with a key: chosen by `key` as the browser names it. */
interface Command {
  readonly keys: readonly string[];
  readonly row: KeyRow;
  run(studio: Studio, actions: KeyActions): void;
}

/** What the page does for keys that is not the studio's own. */
export interface KeyActions {
  example(): void;
  save(): void;
  toggleHelp(): void;
}

const nextSwatch = (studio: Studio, step: number): void => {
  const count = studio.swatches.peek().length;
  if (count > 0) studio.pick((studio.value.peek() + step + count) % count);
};

const COMMANDS: readonly Command[] = [
  { keys: ['['], row: { keys: '[', about: 'a smaller brush' }, run: (studio) => studio.resize(studio.size.peek() - 1) },
  { keys: [']'], row: { keys: ']', about: 'a larger brush' }, run: (studio) => studio.resize(studio.size.peek() + 1) },
  { keys: [','], row: { keys: ',', about: 'the swatch before' }, run: (studio) => nextSwatch(studio, -1) },
  { keys: ['.'], row: { keys: '.', about: 'the next swatch' }, run: (studio) => nextSwatch(studio, 1) },
  { keys: ['Delete'], row: { keys: 'Delete', about: 'clear all' }, run: (studio) => studio.clear() },
  { keys: ['d'], row: { keys: 'D', about: 'throw the dice: another seed' }, run: (studio) => studio.throwDice() },
  { keys: ['k'], row: { keys: 'K', about: 'lock the seed, or let each stroke have one of its own' }, run: lock },
  { keys: ['v'], row: { keys: 'V', about: 'show or close the variants' }, run: (studio) => studio.showVariants(!studio.variants.peek()) },
  { keys: ['x'], row: { keys: 'X', about: 'another example' }, run: (_studio, actions) => actions.example() },
  { keys: ['s'], row: { keys: 'S', about: 'save the result' }, run: (_studio, actions) => actions.save() },
  { keys: ['?'], row: { keys: '?', about: 'this list' }, run: (_studio, actions) => actions.toggleHelp() },
];

function lock(studio: Studio): void {
  studio.isLocked.value = !studio.isLocked.peek();
  studio.say(studio.isLocked.peek() ? 'Seed locked' : 'Each stroke has a seed of its own');
}

/** Every key of the page, for its list. */
export const KEY_ROWS: readonly KeyRow[] = [
  { keys: 'Arrows', about: 'on the drawing: move the cursor by a pixel, with Shift by eight' },
  { keys: 'Space or Enter', about: 'on the drawing: begin, and again to end' },
  { keys: 'Escape', about: 'on the drawing: leave off what was begun' },
  ...TOOLS.map(({ key, title }) => ({ keys: key.toUpperCase(), about: title.toLowerCase() })),
  { keys: '1 to 9, 0, -, =', about: 'swatches of the palette' },
  { keys: 'Ctrl Z', about: 'undo' },
  { keys: 'Ctrl Shift Z, Ctrl Y', about: 'redo' },
  { keys: 'Ctrl V', about: 'paste a picture' },
  ...COMMANDS.map(({ row }) => row),
];

/** Whether somebody is writing: then letters are letters. */
const isWriting = (target: EventTarget | null): boolean =>
  target instanceof Element && target.matches('input:not([type="range"], [type="checkbox"]), select, textarea');

/** Does what a key is for while the page has the focus. @returns whether it is for anything */
export function pressKey(studio: Studio, actions: KeyActions, event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey || isWriting(event.target)) return false;
  const { key } = event;
  const tool = TOOLS.find((each) => each.key === key.toLowerCase() && each.inputs.includes(studio.subject.peek()!.input));
  const swatch = studio.swatches.peek().findIndex((each) => each.key === key);
  const command = COMMANDS.find(({ keys }) => keys.includes(key) || keys.includes(key.toLowerCase()));
  if (tool) studio.take(tool);
  else if (swatch >= 0) studio.pick(swatch);
  else if (command) command.run(studio, actions);
  else return false;
  return true;
}

/** Undo and redo, wherever the focus is on the page. @returns whether it was one */
export function pressUndo(studio: Studio, event: KeyboardEvent): boolean {
  if (!(event.ctrlKey || event.metaKey) || event.altKey || isWriting(event.target)) return false;
  const key = event.key.toLowerCase();
  if (key === 'z' && !event.shiftKey) studio.undo();
  else if (key === 'y' || key === 'z') studio.redo();
  else return false;
  return true;
}
