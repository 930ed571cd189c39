import type { Signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { pressKey, pressUndo, type KeyActions } from './keys.js';
import { bringPicture } from './opening.js';
import type { Studio } from './studio.js';

/** Listens to keys, and to pictures that are dropped or pasted anywhere, for as long as the page is open. */
export function useListening(
  studio: Studio,
  root: { readonly current: HTMLElement | null },
  isOver: Signal<boolean>,
  actions: KeyActions,
): void {
  useEffect(() => {
    const stop = new AbortController();
    const listen = <Name extends keyof WindowEventMap>(name: Name, listener: (event: WindowEventMap[Name]) => void): void =>
      addEventListener(name, listener, { signal: stop.signal });
    listen('keydown', (event) => {
      if (event.defaultPrevented || !studio.editor.peek()) return;
      const isWithin = root.current?.contains(event.target as Node) === true;
      if (pressUndo(studio, event) || (isWithin && pressKey(studio, actions, event))) event.preventDefault();
    });
    listen('paste', (event) => {
      const file = [...(event.clipboardData?.files ?? [])].find(({ type }) => type.startsWith('image/'));
      if (!file) return;
      event.preventDefault();
      void bringPicture(studio, file, 'What was pasted');
    });
    // A file that is dropped beside the page would be opened in its place.
    listen('dragover', (event) => {
      event.preventDefault();
      isOver.value = true;
    });
    listen('dragleave', (event) => {
      if (!event.relatedTarget) isOver.value = false;
    });
    listen('drop', (event) => {
      event.preventDefault();
      isOver.value = false;
      const [file] = event.dataTransfer?.files ?? [];
      if (file) void bringPicture(studio, file, file.name);
    });
    return () => stop.abort();
  }, []);
}
