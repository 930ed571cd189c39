import type { VNode } from 'preact';
import { dismiss, notices } from '../common/notices.js';

/** What the app has to say, newest last: read out by screen readers as it comes. */
export function Notices(): VNode {
  return (
    <div class="notices" role="status" aria-live="polite">
      {notices.value.map(({ id, kind, title, text, fix, action, details }) => (
        <section key={id} class={`notice ${kind}`} aria-label={title}>
          <div class="words">
            <strong>{title}</strong>
            {text && <p>{text}</p>}
            {fix && <p>{fix}</p>}
            {details && (
              <details>
                <summary>In the words of the program</summary>
                <pre>{details}</pre>
              </details>
            )}
          </div>
          <div class="buttons">
            {action && (
              <button type="button" class="primary" onClick={() => act(id, action.run)}>
                {action.label}
              </button>
            )}
            <button type="button" aria-label={`Close: ${title}`} onClick={() => dismiss(id)}>
              Close
            </button>
          </div>
        </section>
      ))}
    </div>
  );
}

function act(id: string, run: () => void): void {
  dismiss(id);
  run();
}
