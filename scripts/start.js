// npm start: sets up what is missing, then does what `node examples/train-facades.js ARGUMENTS` does, in this
// process, so that Ctrl-C and the exit status need no passing on.
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { prepareBuild, prepareDependencies } from './lib/prepare.js';

prepareDependencies();
if (!prepareBuild()) process.exit(1);

const example = join(dirname(dirname(fileURLToPath(import.meta.url))), 'examples', 'train-facades.js');
process.argv[1] = example;
await import(pathToFileURL(example).href);
