// not in browsers: it starts one
import { resolve } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bundler, ended, runProgram, startBrowser } from '../harness/bundles.js';
import type { StepLosses } from '../harness/models.js';

const PROGRAM = 'kernels-test/harness/training-losses.ts';
const STEPS = 20;
/** Far more than it takes. */
const LIMIT_MILLISECONDS = 400_000;

interface Result {
  adapter: { architecture: string; device: string; description: string };
  /** What the generator makes of noise before the first step, with dropout of a given seed. */
  picture: number[];
  history: StepLosses[];
}

function resultIn(output: string): Result {
  const line = /^result (.*)$/m.exec(output)?.[1];
  assert.ok(line, output);
  return JSON.parse(line!) as Result;
}

async function trainInNode(driver: 'swiftshader' | 'hardware'): Promise<Result> {
  return resultIn(ended(await runProgram(PROGRAM, [], { runner: true, limit: LIMIT_MILLISECONDS, env: { SHADEGRAD_ADAPTER: driver } })));
}

async function trainInBrowser(): Promise<{ title: string; result: Result }> {
  const program = await (await bundler()).bundleForBrowser(resolve(PROGRAM));
  assert.ok(program, 'the program is one for browsers');
  const browser = await startBrowser();
  try {
    const { output, finished } = await browser.run(PROGRAM, program!, LIMIT_MILLISECONDS);
    assert.ok(finished, output);
    return { title: browser.title, result: resultIn(output) };
  } finally {
    await browser.close();
  }
}

test(`a translation and the losses of ${STEPS} steps in headless Chromium are Node's within 1e-5`, async () => {
  const { title, result: browser } = await trainInBrowser();
  // Chromium brings its own SwiftShader, unless it takes a GPU that there is.
  const node = await trainInNode(browser.adapter.architecture === 'swiftshader' ? 'swiftshader' : 'hardware');
  assert.is(browser.picture.length, node.picture.length);
  assert.ok(new Set(node.picture).size > node.picture.length / 2, 'a picture with something in it');
  const farthest = Math.max(...node.picture.map((value, at) => Math.abs(value - browser.picture[at]!)));
  assert.ok(farthest <= 1e-5, `same weights, input and seed: a value of the picture is ${farthest} away`);
  let worst = 0;
  for (const [name, { history }] of Object.entries({ node, browser })) {
    assert.is(history.length, STEPS);
    const all = history.flatMap((losses) => Object.values(losses) as number[]);
    assert.ok(
      all.every((loss) => Number.isFinite(loss) && loss > 0),
      name,
    );
    assert.is(new Set(all).size, all.length, `${name}: every step changes every loss`);
  }
  node.history.forEach((losses, step) => {
    for (const [name, expected] of Object.entries(losses) as [keyof StepLosses, number][]) {
      const actual = browser.history[step]![name];
      const difference = Math.abs(actual - expected) / Math.max(1, Math.abs(expected));
      worst = Math.max(worst, difference);
      assert.ok(
        difference <= 1e-5,
        `step ${step + 1}, ${name}: ${actual} in ${title} on ${browser.adapter.device}, ${expected} in Node on ${node.adapter.device}`,
      );
    }
  });
  console.log(
    `largest difference of a picture's values (${farthest}) and of a loss between Node (${node.adapter.description}) and ` +
      `${title} (${browser.adapter.architecture} ${browser.adapter.device}): ${worst}`,
  );
});

test.run();
