import { useEffect, useState } from 'preact/hooks';
import type { VNode } from 'preact';
import { deviceState } from '../../common/device.js';
import { ModelPicker } from '../../common/model-picker.js';
import { models, modelState, wantModel } from '../../common/models.js';
import { reportError } from '../../common/notices.js';
import { busy, follow, options, seen, subject, verdict } from './state.js';
import { Onwards, STEPS } from './steps.js';

const FEATURES = STEPS.findIndex(({ title }) => /layer by layer/.test(title));

/** The page Learn: a guide through a generator and a discriminator, with the page's model live. */
export default function LearnPage(): VNode {
  const [at, setAt] = useState(0);
  useEffect(() => {
    wantModel().catch(reportError);
    return follow();
  }, []);
  const goTo = (step: number): void => {
    setAt(step);
    // Each step changes one thing about the network as it is.
    options.value = { seed: 1, dropout: false, skipsOff: [], layer: step === FEATURES ? 0 : null };
    verdict.value = null;
  };
  const step = STEPS[at]!;
  const now = modelState.value;
  const found = seen.value;
  const picture = subject.value;
  return (
    <div class="stack learn">
      <div>
        <h1>Learn</h1>
        <p class="quiet">
          How pix2pix works, in {STEPS.length} steps: everything here is computed on your graphics processor, while you look.
        </p>
      </div>
      <ModelPicker />
      <nav class="buttons" aria-label="Steps">
        {STEPS.map(({ title }, index) => (
          <button
            key={title}
            type="button"
            aria-current={index === at ? 'step' : undefined}
            aria-label={`Step ${index + 1}: ${title}`}
            onClick={() => goTo(index)}
          >
            {index + 1}
          </button>
        ))}
      </nav>
      <section class="card stack" aria-labelledby="learn-step" aria-busy={busy.value}>
        <h2 id="learn-step">
          {at + 1}. {step.title}
        </h2>
        <p>{step.text}</p>
        <p>
          <strong>Try it.</strong> {step.task}
        </p>
        {now.kind === 'ready' && picture && found ? (
          <step.View model={now.model} {...{ picture, found }} />
        ) : (
          <p class="quiet">{waitingWords(now.kind)}</p>
        )}
        <div class="buttons">
          <button type="button" disabled={at === 0} onClick={() => goTo(at - 1)}>
            Back
          </button>
          <button type="button" class="primary" disabled={at === STEPS.length - 1} onClick={() => goTo(at + 1)}>
            Next
          </button>
          {busy.value && found && <span class="quiet">Computing.</span>}
        </div>
        {at === STEPS.length - 1 && <Onwards />}
      </section>
    </div>
  );
}

function waitingWords(kind: string): string {
  if (deviceState.value.kind === 'missing') return 'Without WebGPU the networks cannot run here. Read on all the same.';
  if (kind === 'failed') return 'The model could not be loaded: what to do stands above.';
  if (kind === 'none' && models.value.length === 0) return 'There is no model yet: open a file of weights above.';
  return 'Waiting for the model.';
}
