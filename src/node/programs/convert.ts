import { realpath, stat } from 'node:fs/promises';
import { describeArchitecture } from '../../models/describe.js';
import type { NetworkWeights } from '../../exchange/network/network-weights.js';
import { findNetwork, networksIn, type FoundNetwork } from '../../exchange/read-weights.js';
import { encodeWeights } from '../../exchange/write-weights.js';
import { printableName } from '../../formats/names.js';
import type { PictFile } from '../../formats/pict.js';
import type { WeightFile } from '../../formats/weight-file.js';
import { oneLine } from '../../formats/names.js';
import { ShadegradError } from '../../errors.js';
import { elementCount } from '../../tensor/shape.js';
import { checkOutputs } from './convert-check.js';
import { checkTogether, CONVERT_PROGRAM, type ConvertFlags, type OutputFormat } from './convert-flags.js';
import { convertRun } from './convert-run.js';
import { writeFileAtomic } from '../files/atomic.js';
import { parseFlags } from '../terminal/flags.js';
import { formatBytes } from '../../formats/words.js';
import { formatHelp } from '../terminal/help.js';
import { traceOnnx, writeOnnx, type WriteOnnxOptions } from '../weights/onnx.js';
import { hasOnnxGraph } from '../../exchange/onnx/export-network.js';
import { openNodeGpu } from '../adapter/adapter.js';
import { createProgress } from '../terminal/progress.js';
import { formatByName } from '../../exchange/open-weights.js';
import { openWeights, optionsFor } from '../weights/read.js';
import { sayChosen } from '../weights/folder.js';
import { keepQuiet, remark } from '../terminal/remarks.js';

/**
 * Runs the program of `shadegrad convert`: turns a file of weights into another format.
 *
 * @param argv the arguments alone
 * @returns the exit status
 * @throws ShadegradError for whatever the user can mend; OUT is then as it was, but for WEIGHTS_MISMATCH of the comparison afterwards
 */
export async function convertWeights(argv: readonly string[]): Promise<number> {
  const { values: flags, operands, given, help } = parseFlags(CONVERT_PROGRAM, argv);
  if (help) {
    process.stdout.write(formatHelp(CONVERT_PROGRAM));
    return 0;
  }
  keepQuiet(flags.quiet);
  const [input, output] = operands;
  if (operands.length !== 2)
    throw new ShadegradError('BAD_FLAG', `${operands.length} file names`, {
      expected: 'the file to read and the file to write',
      received: oneLine(operands.join(', '), 120) || 'none',
      fix: `write ${CONVERT_PROGRAM.usage}`,
    });
  const format = outputFormat(output!);
  if (!flags.run) checkTogether(output!, format, flags, given);
  const named = flags.network;
  const role = named === 'generator' || named === 'discriminator' ? named : undefined;
  const opened = await openWeights(input!, optionsFor(named));
  const { file, path, ofNetwork, close } = opened;
  try {
    sayChosen(input!, opened);
    await refuseOverwrite(path, output!);
    if (flags.run) return await convertRun(file, output!, format, flags, given);
    // Beside an average of it, generator is the name of the weights themselves.
    const isName = named !== undefined && networksIn(file).some(({ averageOf }) => averageOf === named);
    const found = findNetwork(file, role, isName || (role === undefined && !ofNetwork) ? named : undefined);
    remark(`${printableName(path)}: ${describeArchitecture(found.weights.architecture)} (${found.origin})`);
    const written = await writeNetwork(found, file, output!, format, flags);
    for (const path of written) remark(`${printableName(path)}: ${formatBytes((await stat(path)).size)}`);
    if (flags.check) await checkOutputs(found, output!, format, flags);
  } finally {
    await close();
  }
  return 0;
}

function outputFormat(path: string): OutputFormat {
  const format = formatByName(path);
  if (format === 'safetensors' || format === 'pytorch' || format === 'pict' || format === 'onnx') return format;
  throw new ShadegradError('BAD_FLAG', `${path} cannot be written`, {
    expected: 'a name ending in .safetensors, .pth, .pict or .onnx',
    fix: 'choose one of these endings',
  });
}

async function refuseOverwrite(input: string, output: string): Promise<void> {
  const [from, to] = await Promise.all([input, output].map((path) => realpath(path).catch(() => null)));
  if (from !== null && from === to)
    throw new ShadegradError('BAD_FLAG', `${output} would be written over itself`, {
      expected: 'another file than the one that is read',
      received: output,
      fix: 'name another file to write',
    });
}

/** @returns the files written */
async function writeNetwork(
  found: FoundNetwork,
  file: WeightFile,
  output: string,
  format: OutputFormat,
  { dtype, layout, batch, external, adapter }: ConvertFlags,
): Promise<string[]> {
  const megabytes = Math.ceil([...found.weights.tensors.values()].reduce((sum, { shape }) => sum + elementCount(shape) * 4, 0) / 2 ** 20);
  const progress = createProgress({ total: megabytes, label: 'converting (MiB)' });
  let bytes = 0;
  const weights = watched(found.weights, (read) => progress.update(Math.min(megabytes, Math.floor((bytes += read) / 2 ** 20))));
  // A model that was in this format before keeps its 256 values, and so every number.
  const codebook = file.format === 'pict' ? (file as PictFile).codebook : undefined;
  try {
    if (format === 'onnx') {
      const images = batch === undefined || batch === 'dynamic' ? 'dynamic' : Number(batch);
      const options: WriteOnnxOptions = { dtype: dtype === 'f16' ? 'f16' : 'f32', batch: images, external };
      if (hasOnnxGraph(weights.architecture)) return await writeOnnx({ ...found, weights }, output, options);
      const { gpu } = await openNodeGpu(adapter === undefined ? {} : { adapter });
      try {
        return await traceOnnx(gpu, { ...found, weights }, output, options);
      } finally {
        gpu.destroy();
      }
    }
    await writeFileAtomic(output, encodeWeights({ ...found, weights }, format, { dtype, layout, codebook }));
    progress.update(megabytes);
    return [output];
  } finally {
    progress.stop();
  }
}

/** The same weights; says how many bytes each tensor has that is read. */
function watched({ architecture, tensors }: NetworkWeights, onRead: (bytes: number) => void): NetworkWeights {
  return {
    architecture,
    tensors: new Map(
      [...tensors].map(([name, tensor]) => [
        name,
        {
          shape: tensor.shape,
          read: async () => {
            const values = await tensor.read();
            onRead(values.byteLength);
            return values;
          },
        },
      ]),
    ),
  };
}
