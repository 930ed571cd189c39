import { useId, useState } from 'preact/hooks';
import type { VNode } from 'preact';
// The benchmarks are of this repository, and no part of the library: their reports are read by those who write them.
import { byRoofShare, LIMITS, RESULT_COLUMNS, resultCells, type BenchReport } from '../../../../bench/report.js';
import { rooflineOf } from '../../../../bench/roofline.js';
import { digits } from '../../../../bench/table.js';
import { Check, Progress } from '../../common/controls.js';
import { Scroll } from '../../common/scroll.js';
import { benchRun, runBenches, stopBenches, type BenchRun } from './bench-run.js';
import { nameOfFile, saveFile } from './save.js';

/** The benchmarks in this browser: run, stop, the roofline plot, the table and the file. */
export function BenchCard(): VNode {
  const [quick, setQuick] = useState(true);
  const [filter, setFilter] = useState('');
  const id = useId();
  const run = benchRun.value;
  const isRunning = run?.state === 'running';
  return (
    <section class="card stack" aria-labelledby="lab-bench">
      <h2 id="lab-bench">Benchmarks</h2>
      <p>
        Every kernel at the shapes of pix2pix at 256 x 256: checked against float64, timed, and compared with what your graphics processor
        can do. The same as <code>npx shadegrad bench</code>.
      </p>
      <form
        class="buttons"
        onSubmit={(event) => {
          event.preventDefault();
          if (!isRunning) runBenches({ filter, quick, browser: navigator.userAgent });
        }}
      >
        <div class="field">
          <label for={id}>Only kernels whose name or case contains</label>
          <input id={id} type="text" value={filter} disabled={isRunning} onInput={(event) => setFilter(event.currentTarget.value)} />
        </div>
        <Check label="Quick: few and short samples" on={quick} disabled={isRunning} onChange={setQuick} />
        <button type="submit" class="primary" disabled={isRunning}>
          Run the benchmarks
        </button>
        {isRunning && (
          <button type="button" onClick={stopBenches}>
            Stop the benchmarks
          </button>
        )}
      </form>
      {run && <Outcome run={run} />}
    </section>
  );
}

function Outcome({ run }: { readonly run: BenchRun }): VNode {
  const { state, names, place, report } = run;
  const doing = place < 0 ? 'Measuring what the graphics processor itself can do' : `Timing ${names[place] ?? ''}`;
  const ending = { running: '', stopped: 'Stopped. ', done: 'All have run. ', failed: 'It could not go on. ' }[state];
  const counted = report
    ? `${report.results.length} of ${names.length} timed${report.failures.length > 0 ? `, ${report.failures.length} wrong` : ''}.`
    : '';
  return (
    <>
      {state === 'running' && (
        <Progress label={doing} {...(place >= 0 && { share: place / names.length, words: `${place + 1} of ${names.length}` })} />
      )}
      <p role="status">{state === 'done' && names.length === 0 ? 'No kernel or case contains this.' : ending + counted}</p>
      {report?.failures.map((failure) => (
        <Scroll key={failure} class="lab-words" label="What was wrong">
          <pre>{failure}</pre>
        </Scroll>
      ))}
      {report && report.results.length > 0 && <Numbers report={report} families={run.families} />}
    </>
  );
}

function Numbers({ report, families }: { readonly report: BenchReport; readonly families: ReadonlyMap<string, string> }): VNode {
  const { limits, results, adapter } = report;
  const file = `shadegrad-bench-${nameOfFile(adapter.name)}-${report.date.slice(0, 10)}.json`;
  return (
    <>
      <div class="buttons">
        <button type="button" onClick={() => saveFile(file, `${JSON.stringify(report, null, 2)}\n`)}>
          Download as JSON
        </button>
      </div>
      <p class="quiet">
        Nothing is sent anywhere. If you want your numbers to help, attach this file to an issue of the project: it has the times, the name
        of the graphics processor and of the browser, and nothing else. <code>npx shadegrad bench --compare FILE</code> reads it.
      </p>
      <h3>Roofline</h3>
      <Scroll class="scroll" label="Roofline plot">
        <div class="lab-roofline" dangerouslySetInnerHTML={{ __html: rooflineOf(report, families) }} />
      </Scroll>
      <h3>Results, the smallest share of the roofline first</h3>
      <Scroll class="scroll" label="Table of results">
        <table class="table lab-table">
          <thead>
            <tr>
              {RESULT_COLUMNS.map((column) => (
                <th key={column} scope="col">
                  {column}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {byRoofShare(results, limits).map((result) => (
              <tr key={`${result.kernel} ${result.label}`}>
                {resultCells(result, limits).map((cell, column) => (
                  <td key={RESULT_COLUMNS[column]}>{cell.trim()}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      <h3>The graphics processor itself</h3>
      <table class="table">
        <tbody>
          {LIMITS.map(({ key, name, unit }) => (
            <tr key={key}>
              <th scope="row">{name}</th>
              <td>
                {digits(limits[key])} {unit}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="quiet">Clock: {report.clock}.</p>
    </>
  );
}
