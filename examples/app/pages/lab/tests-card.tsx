import type { VNode } from 'preact';
import { Progress } from '../../common/controls.js';
import { Scroll } from '../../common/scroll.js';
import { timeWords } from '../../common/words.js';
import type { TestRow } from './parts.js';
import { runTests, stopTests, testRun, type TestRun } from './test-run.js';

/** The kernel tests in this browser: run, progress, and what failed. */
export function TestsCard(props: { readonly tests: readonly TestRow[] }): VNode {
  const { tests } = props;
  const quick = tests.filter((test) => test.quick);
  const run = testRun.value;
  const isRunning = run?.state === 'running';
  return (
    <section class="card stack" aria-labelledby="lab-tests">
      <h2 id="lab-tests">Kernel tests</h2>
      <p>
        The tests that the project runs before every change, here, on your graphics processor: each kernel against numbers of PyTorch or
        float64. They run one file at a time beside the page.
      </p>
      <div class="buttons">
        <button type="button" class="primary" disabled={isRunning || quick.length === 0} onClick={() => void runTests(quick)}>
          Run the quick set ({quick.length} files)
        </button>
        <button type="button" disabled={isRunning} onClick={() => void runTests(tests)}>
          Run all ({tests.length} files)
        </button>
        {isRunning && (
          <button type="button" onClick={stopTests}>
            Stop the tests
          </button>
        )}
      </div>
      {run && <Results run={run} />}
    </section>
  );
}

function Results({ run }: { readonly run: TestRun }): VNode {
  const { state, files, results } = run;
  const sum = (of: 'passed' | 'failed' | 'seconds'): number => results.reduce((total, each) => total + each[of], 0);
  const failed = results.filter((each) => each.failed > 0);
  const ending = { running: '', stopped: ' Stopped.', done: ' All have run.' }[state];
  return (
    <>
      {state === 'running' && (
        <Progress
          label={`Testing ${files[results.length] ?? ''}`}
          share={results.length / files.length}
          words={`${results.length} of ${files.length} files`}
        />
      )}
      <p role="status">
        <strong>
          {sum('passed')} passed, {sum('failed')} failed
        </strong>{' '}
        in {results.length} of {files.length} files, {timeWords(sum('seconds'))}.{ending}
      </p>
      {failed.map(({ name, words }) => (
        <details key={name} open>
          <summary>{name} failed</summary>
          <Scroll class="lab-words" label={`What ${name} said`}>
            <pre>{words}</pre>
          </Scroll>
        </details>
      ))}
      {failed.length > 0 && (
        <p>Please copy these words into an issue of the project, with the report above: they say which driver needs care.</p>
      )}
      {results.length > 0 && (
        <details>
          <summary>Every file</summary>
          <ul class="lab-files">
            {results.map(({ name, passed, failed: bad, seconds }) => (
              <li key={name}>
                {bad > 0 ? 'failed' : 'ok'} {name}: {passed} of {passed + bad}, {seconds.toFixed(1)} s
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}
