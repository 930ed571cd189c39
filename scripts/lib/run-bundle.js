// Runs one bundled test file in this process: node scripts/lib/run-bundle.js BUNDLE
// uvu's own start is put off (as its command line does it), so that there is a certain end at which the
// device can be closed.
import { pathToFileURL } from 'node:url';

globalThis.UVU_DEFER = 1;
globalThis.UVU_INDEX = 0;
globalThis.UVU_QUEUE = [[null]];

const { exec } = await import('uvu');
await import(pathToFileURL(process.argv[2]).href);
await exec();
for (const close of globalThis.afterAllTests ?? []) await close();
