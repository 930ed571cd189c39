import { computed, signal } from '@preact/signals';
import { requestGpu, type Gpu } from 'shadegrad';
import { explain, report } from './notices.js';

/** The state of the page's device. `generation` counts the devices: what is on an earlier one is gone. */
export type DeviceState =
  | { readonly kind: 'closed' }
  | { readonly kind: 'opening' }
  | { readonly kind: 'ready'; readonly gpu: Gpu; readonly generation: number }
  | { readonly kind: 'missing' };

const state = signal<DeviceState>({ kind: 'closed' });

/** The state of the page's device. */
export const deviceState = computed(() => state.value);

let opening: Promise<Gpu> | undefined;
let generation = 0;
let lastLoss = -Infinity;

/** A second loss in this time is the driver's trouble: then the person decides whether to go on. */
const LOSS_APART_MILLISECONDS = 60_000;

/** How long to wait, in milliseconds, where there is no adapter after a loss: the browser may have to start its graphics process again. */
const WAITS = [250, 1000, 3000];

/**
 * Opens the device of the page, once for all of it; after a loss, a new one.
 *
 * @throws NO_ADAPTER, after it has been told
 */
export function openDevice(): Promise<Gpu> {
  opening ??= open();
  return opening;
}

async function open(): Promise<Gpu> {
  state.value = { kind: 'opening' };
  try {
    const gpu = await (generation > 0 ? requestAgain() : requestGpu());
    // Whatever the reason says: nothing here destroys the device, but browsers do.
    void gpu.device.lost.then(lostDevice);
    state.value = { kind: 'ready', gpu, generation: ++generation };
    return gpu;
  } catch (error) {
    opening = undefined;
    state.value = { kind: 'missing' };
    report({ ...explain(error), ...(generation > 0 && GONE), action: { label: 'Try again', run: reopen } });
    throw error;
  }
}

async function requestAgain(): Promise<Gpu> {
  for (const wait of WAITS) {
    try {
      return await requestGpu();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }
  return requestGpu();
}

/** There was one: "no WebGPU", as is said otherwise, would be wrong. */
const GONE = {
  id: 'device lost',
  title: 'The graphics processor did not come back',
  text: 'After it was lost, the browser gives this page none any more.',
  fix: 'Load the page again; if that does not help, start the browser again.',
};

function reopen(): void {
  // What went wrong has been told.
  openDevice().catch(() => undefined);
}

/** A lost device is replaced once by itself; soon after that, by a button. */
function lostDevice(): void {
  opening = undefined;
  state.value = { kind: 'closed' };
  const soon = performance.now() - lastLoss < LOSS_APART_MILLISECONDS;
  lastLoss = performance.now();
  const words = {
    id: 'device lost',
    title: 'The graphics processor went away',
    text: 'The driver was reset, or the browser took it from this page.',
  };
  if (soon)
    report({
      kind: 'problem',
      ...words,
      fix: 'It happened twice in a minute: a smaller model may help.',
      action: { label: 'Start again', run: reopen },
    });
  else {
    report({ kind: 'hint', ...words, fix: 'It is opened again, and the model loaded anew.' });
    reopen();
  }
}
