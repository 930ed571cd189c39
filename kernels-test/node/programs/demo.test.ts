import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ShadegradError } from '../../../src/errors.js';
import { DEMO_PROGRAM, serveDemo } from '../../../src/node/programs/demo.js';
import { formatHelp } from '../../../src/node/terminal/help.js';

const folder = mkdtempSync(join(tmpdir(), 'shadegrad-demo-'));
writeFileSync(join(folder, 'index.html'), '<p>the site</p>');
test.after(() => rmSync(folder, { recursive: true }));

const refusal = async (argv: string[], from = folder): Promise<ShadegradError> => {
  const error = await serveDemo(argv, from).catch((thrown: unknown) => thrown);
  assert.instance(error, ShadegradError);
  return error as ShadegradError;
};

test('a site that is not there, and a port that somebody has, are refused with what to do', async () => {
  const missing = await refusal([], join(folder, 'nothing'));
  assert.is(missing.code, 'DATA_NOT_FOUND');
  assert.match(missing.message, /npm run demo/);
  const other = await new Promise<Server>((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => done(server));
  });
  const { port } = other.address() as AddressInfo;
  const taken = await refusal(['--port', String(port)]);
  assert.is(taken.code, 'PORT_IN_USE');
  assert.match(taken.message, /--port/);
  other.close();
  assert.is((await refusal(['--prot', '1'])).code, 'BAD_FLAG');
  assert.match(formatHelp(DEMO_PROGRAM), /--open/);
});

test('the site is served until a signal comes, which is no error', async () => {
  const lines: string[] = [];
  const { log, error } = console;
  let serving: Promise<number>;
  try {
    console.log = (line: string) => void lines.push(line);
    console.error = () => {};
    serving = serveDemo([], folder);
    while (lines.length === 0) await new Promise((done) => setTimeout(done, 5));
  } finally {
    Object.assign(console, { log, error });
  }
  assert.match(lines[0]!, /^http:\/\/127\.0\.0\.1:\d+\/$/);
  assert.is(await (await fetch(lines[0]!)).text(), '<p>the site</p>');
  process.emit('SIGINT', 'SIGINT');
  assert.is(await serving!, 0);
  await fetch(lines[0]!).then(
    () => assert.unreachable('it is served still'),
    () => undefined,
  );
});

test.run();
