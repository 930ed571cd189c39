// npm run docs: the reference of everything that a program may import, as pages: docs/reference/index.html. One warning fails it.
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prepareDependencies } from './lib/prepare.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const out = join(root, 'docs', 'reference');

prepareDependencies();
const { makeReference } = await import('./reference/make.js');
const { complaints, names } = await makeReference({ root, out });
for (const complaint of complaints) console.error(complaint);
if (complaints.length > 0) {
  console.error(`the reference is not made: ${complaints.length} ${complaints.length === 1 ? 'complaint' : 'complaints'}`);
  process.exit(1);
}
console.log(`${names.length} names: ${join(relative(process.cwd(), out), 'index.html')}`);
