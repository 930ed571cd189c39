/** Milliseconds of a frame that drawing may take; the rest is for whatever the person does. */
const BUDGET = 6;
const waiting = new Set<() => void>();
let asked = false;

/** Draws something in one of the next frames: a little in each, so that the page answers. @returns a function that takes it back */
export function drawSoon(draw: () => void): () => void {
  waiting.add(draw);
  ask();
  return () => void waiting.delete(draw);
}

function ask(): void {
  if (asked || waiting.size === 0) return;
  asked = true;
  requestAnimationFrame(() => {
    const end = performance.now() + BUDGET;
    asked = false;
    try {
      for (const draw of waiting) {
        waiting.delete(draw);
        draw();
        if (performance.now() > end) break;
      }
    } finally {
      ask();
    }
  });
}
