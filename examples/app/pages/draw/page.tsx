import { useComputed, useSignal, useSignalEffect } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import type { InputKind, ModelRow } from '../../common/model-rows.js';
import { loadCatalogue, models, modelState, wantModel } from '../../common/models.js';
import type { PageProps } from '../registry.js';
import { Dock } from './dock.js';
import { keepSeed, keptSeed } from './kept.js';
import { useListening } from './listening.js';
import { More } from './more.js';
import { bringExample, openSubject, tellOfModel } from './opening.js';
import { Outcome } from './outcome.js';
import { Sheet } from './sheet.js';
import { Studio, type Subject } from './studio.js';
import { paletteFor } from './swatches.js';
import { savePicture } from './take-out.js';
import { Variants } from './variants.js';

/** Side of drawings while there is no model. */
const SIDE = 256;

/** The page Draw: a drawing and what a model makes of it, as one draws. */
export default function DrawPage({ query }: PageProps): VNode {
  const studio = useMemo(() => {
    const made = new Studio();
    made.seed.value = keptSeed() ?? made.seed.peek();
    return made;
  }, []);
  /** Whether it is known which model there is, if any. */
  const isKnown = useSignal(false);
  /** The kind of drawing that the person chose for a model, by the model's name. */
  const chosen = useSignal<{ readonly id: string | undefined; readonly input: InputKind } | null>(null);
  const map = useSignal<string | null>(null);
  const opened = useRef<Subject | null>(null);
  const hasHelp = useSignal(false);
  const isOver = useSignal(false);
  const asked = query.get('model');
  const drawn = query.get('map');

  useEffect(() => {
    map.value = drawn;
    const seed = Number(query.get('seed'));
    if (Number.isInteger(seed) && seed > 0 && seed < 2 ** 32) {
      studio.seed.value = seed;
      // The link's result is of this seed: it stays as it is.
      studio.isLocked.value = true;
    }
    // Before the list is asked for here, so that a model is chosen as soon as it is known; drawing needs not wait for its file.
    void wantModel(asked);
    void loadCatalogue().then(() => {
      tellOfModel(asked);
      isKnown.value = true;
    });
  }, [asked, drawn]);
  useLayoutEffect(() => () => void studio.close(), []);
  useSignalEffect(() => keepSeed(studio.seed.value));

  const row = useComputed((): ModelRow | undefined => {
    const now = modelState.value;
    if (now.kind === 'ready') return now.model.row;
    return now.kind === 'none' ? undefined : now.row;
  });
  useSignalEffect(() => {
    const now = modelState.value;
    void studio.setModel(now.kind === 'ready' ? now.model : null);
  });
  useSignalEffect(() => {
    if (!isKnown.value) return;
    const now = modelState.value;
    const model = now.kind === 'ready' ? now.model : undefined;
    const { id, input: own = 'labels', size = SIDE, palette } = row.value ?? {};
    const input = chosen.value && chosen.value.id === id ? chosen.value.input : own;
    const subject = { input, palette: paletteFor(palette), width: model?.width ?? size, height: model?.height ?? size };
    const code = map.value;
    const before = opened.current;
    const isSame =
      before?.input === input && before.palette === subject.palette && before.width === subject.width && before.height === subject.height;
    if (isSame && code === null) return;
    opened.current = subject;
    map.value = null;
    void openSubject(studio, subject, row.value, code);
  });

  const root = useRef<HTMLDivElement>(null);
  useListening(studio, root, isOver, {
    example: () => void bringExample(studio),
    save: () => void savePicture(studio, 'result'),
    toggleHelp: () => (hasHelp.value = !hasHelp.value),
  });

  if (!studio.subject.value) {
    return (
      <>
        <h1>Draw</h1>
        <p class="quiet">Looking for the models of this site.</p>
      </>
    );
  }
  const isOfModels = models.value.length > 0;
  return (
    <div ref={root} class={`draw${isOver.value ? ' over' : ''}`}>
      <header class="draw-head">
        <h1>Draw</h1>
        <p class="quiet">{row.value ? row.value.title : isOfModels ? 'No model is chosen' : 'No model yet'}</p>
      </header>
      <Sheet studio={studio} />
      <Outcome studio={studio} />
      <Dock studio={studio} />
      <Variants studio={studio} />
      <More
        studio={studio}
        row={row.value}
        hasHelp={hasHelp.value}
        onHelp={(open) => (hasHelp.value = open)}
        onInput={(input) => (chosen.value = { id: row.value?.id, input })}
      />
      <p class="draw-said" role="status">
        {studio.said.value}
      </p>
    </div>
  );
}
