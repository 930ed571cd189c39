import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { buildLibrary, run, succeeded } from '../harness/program.js';

buildLibrary();

test("the example of an operation of one's own checks its gradient and learns", async () => {
  const stdout = succeeded(await run('own-operation', ['--steps', '200']));
  assert.match(stdout, 'agrees with differences');
  const errors = [...stdout.matchAll(/mean squared error ([\d.]+)/g)].map((match) => Number(match[1]));
  assert.ok(errors.length >= 2 && errors.at(-1)! < 0.05 && errors.at(-1)! < errors[0]! / 20, stdout);
});

test.run();
