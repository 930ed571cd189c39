import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser as PlaywrightBrowser } from 'playwright-core';
import * as assert from 'uvu/assert';

interface Bundler {
  bundleForNode(file: string): Promise<{ path: string }>;
  bundleForBrowser(file: string): Promise<string | undefined>;
}

export interface Browser {
  readonly title: string;
  run(name: string, program: string, timeoutMilliseconds: number): Promise<{ output: string; finished: boolean }>;
  close(): Promise<void>;
}

/** The scripts that run the tests are no part of the library, so they are found when this runs. */
const script = async <T>(name: string): Promise<T> => (await import(pathToFileURL(resolve('scripts/lib', name)).href)) as T;

export const bundler = (): Promise<Bundler> => script('bundle-test.js');

/** A headless Chromium, for tests of pages rather than of kernels. */
export const launchChromium = async (flags: string[] = []): Promise<PlaywrightBrowser> =>
  (await (await script<{ launchChromium(flags: string[]): Promise<{ browser: PlaywrightBrowser }> }>('chromium.js')).launchChromium(flags))
    .browser;

export const startBrowser = async (): Promise<Browser> =>
  (await script<{ startBrowser(): Promise<Browser> }>('chromium.js')).startBrowser();

export interface Ended {
  status: number | null;
  signal: NodeJS.Signals | null;
  output: string;
}

/**
 * Runs a TypeScript program in a Node process of its own, as the tests are run: with a runner that closes the test
 * device at the end, or bare.
 *
 * @param limit milliseconds after which the process is killed (signal SIGKILL); far more than it needs
 */
export async function runProgram(
  file: string,
  parameters: readonly string[],
  { runner, limit, env = {} }: { runner: boolean; limit: number; env?: Record<string, string> },
): Promise<Ended> {
  const { path } = await (await bundler()).bundleForNode(resolve(file));
  try {
    const command = runner ? [join('scripts', 'lib', 'run-bundle.js'), path] : [path];
    const child = spawn(process.execPath, [...command, ...parameters], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), limit);
    let output = '';
    child.stdout.on('data', (text: Buffer) => (output += text.toString()));
    child.stderr.on('data', (text: Buffer) => (output += text.toString()));
    return await new Promise<Ended>((done, failed) => {
      child.on('error', failed);
      child.on('close', (status, signal) => {
        clearTimeout(timer);
        done({ status, signal, output });
      });
    });
  } finally {
    await rm(path, { force: true });
  }
}

/** Asserts that a program came to its end by itself, and returns what it wrote. */
export function ended({ status, signal, output }: Ended): string {
  assert.is(signal, null, `killed: ${output}`);
  assert.is(status, 0, output);
  return output;
}
