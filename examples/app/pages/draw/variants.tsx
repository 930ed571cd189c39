import type { VNode } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { lookAlike } from './alike.js';
import { showPixels } from './shown.js';
import type { Studio, Variant } from './studio.js';

/** A strip of results of other seeds: a click takes one. */
export function Variants({ studio }: { readonly studio: Studio }): VNode | null {
  const variants = studio.variants.value;
  if (!variants) return null;
  return (
    <section class="draw-variants" aria-label="Variants">
      {variants.map((variant) => (
        <Tile key={variant.seed} {...{ studio, variant }} />
      ))}
      <button type="button" onClick={() => studio.moreVariants()}>
        Others
      </button>
      {lookAlike(variants) && <p class="quiet">These differ very little: what this model makes hardly depends on the seed.</p>}
    </section>
  );
}

function Tile({ studio, variant }: { readonly studio: Studio; readonly variant: Variant }): VNode {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { seed, result } = variant;
  const { width, height } = studio.subject.value!;
  useLayoutEffect(() => {
    if (result) showPixels(canvas.current, result.image);
  }, [result]);
  return (
    <button
      type="button"
      class="draw-variant"
      aria-label={`Seed ${seed}`}
      aria-pressed={studio.seed.value === seed}
      title={`Seed ${seed}`}
      disabled={!result}
      onClick={() => studio.takeVariant(variant)}
    >
      <canvas ref={canvas} {...{ width, height }} />
    </button>
  );
}
