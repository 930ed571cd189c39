import { useEffect } from 'preact/hooks';
import type { VNode } from 'preact';
import { AdapterCard } from './adapter-card.js';
import { BenchCard } from './bench-card.js';
import { stopBenches } from './bench-run.js';
import { loadParts, parts } from './parts.js';
import { stopTests } from './test-run.js';
import { TestsCard } from './tests-card.js';

/** The page Lab: the adapter, the kernel tests and the benchmarks in the visitor's browser. */
export default function LabPage(): VNode {
  useEffect(() => {
    void loadParts();
    // Whoever goes to another page wants the graphics processor there.
    return () => {
      stopTests();
      stopBenches();
    };
  }, []);
  const now = parts.value;
  return (
    <div class="stack lab">
      <div>
        <h1>Lab</h1>
        <p class="quiet">What your graphics processor is, whether this library computes right on it, and how fast.</p>
      </div>
      <AdapterCard />
      {now.kind === 'loading' && <p class="quiet">Looking which tests there are.</p>}
      {now.kind === 'missing' && <p class="card">{now.why}</p>}
      {now.kind === 'there' && (
        <>
          <TestsCard tests={now.tests} />
          <BenchCard />
        </>
      )}
    </div>
  );
}
