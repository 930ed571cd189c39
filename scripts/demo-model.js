// node scripts/demo-model.js RUN: takes the generator of a run into the demo, in f16, in place of the model of the catalogue's first row.
// How that run was made stands in docs/demo.md.
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './lib/bundle-test.js';

const [run, ...others] = process.argv.slice(2);
if (!run || others.length > 0) {
  console.error('error: node scripts/demo-model.js takes the folder of a run');
  process.exit(2);
}
const { runCommandLine, runMain } = await import('../dist/node.js');
const folder = await mkdtemp(join(tmpdir(), 'shadegrad-demo-model-'));
try {
  const file = join(folder, 'generator.safetensors');
  await runMain(() => runCommandLine(['convert', run, file, '--network', 'generator', '--dtype', 'f16', '--quiet']));
  if (process.exitCode) process.exit();
  const bytes = await readFile(file);
  const steps = (await readFile(join(run, 'log.jsonl'), 'utf8')).trim().split('\n').length;
  const models = join(root, 'examples', 'app', 'models');
  const catalogue = JSON.parse(await readFile(join(models, 'catalogue.json'), 'utf8'));
  const [row] = catalogue.models;
  row.bytes = bytes.length;
  row.sha256 = createHash('sha256').update(bytes).digest('hex');
  row.about = row.about.replace(/[\d,]+(?= steps)/, steps.toLocaleString('en'));
  await writeFile(join(models, row.file), bytes);
  await writeFile(join(models, 'catalogue.json'), `${JSON.stringify(catalogue, null, 2)}\n`);
  console.log(`${row.title}: ${steps} steps, ${bytes.length} bytes, ${row.sha256}`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
