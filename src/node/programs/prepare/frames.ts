import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RgbImage } from '../../../data/image.js';
import { crc32 } from '../../../formats/crc32.js';
import { printableName, printableText } from '../../../formats/names.js';
import { ShadegradError } from '../../../errors.js';
import { removeAllStale, replaceFile } from '../../files/atomic.js';
import { piecesOf } from '../../files/standard-streams.js';
import { encodeAside, PICTURE_FORMATS, type PictureFormatName } from '../../images/encode.js';
import type { Program } from '../../terminal/flags.js';
import { formatCountOf } from '../../terminal/format.js';
import { remark } from '../../terminal/remarks.js';
import { Interrupt } from '../../training/interrupt.js';
import { StatusLine } from '../../training/status-line.js';
import { FORMAT_FLAG, makeAction, WRITING_FLAGS } from './action.js';
import { parseSides } from './operands.js';
import { inFolder } from './jobs.js';
import { OutputRecord } from './record.js';

/** Frames that are encoded at the same time; so many are in memory. */
const AT_ONCE = 4;
/** Names of so many digits have the same order in every program. */
const DIGITS = 6;

const PROGRAM = {
  usage: 'npx shadegrad prepare frames OUT --frames WxH [flags]',
  summary:
    'Makes pictures of the frames of a film, which comes through stdin as raw rgb24, as ffmpeg writes it. Each is named after its place ' +
    'in the film. prepare make then makes pairs of them, and prepare split --blocks keeps neighbours together.',
  takesOperands: true,
  flags: [
    { name: 'frames', group: 'Film', type: 'string', placeholder: 'WxH', description: 'sides of its frames in pixels; this is needed' },
    {
      name: 'every',
      group: 'Film',
      type: 'integer',
      min: 1,
      max: 1_000_000,
      default: 1,
      description: 'keep the first of so many frames: neighbours are nearly the same',
    },
    FORMAT_FLAG,
    ...WRITING_FLAGS,
  ],
  examples: [
    {
      command:
        'ffmpeg -i film.mp4 -vf scale=256:256 -f rawvideo -pix_fmt rgb24 - | ' +
        'npx shadegrad prepare frames film/ --frames 256x256 --every 12',
      description: 'Two frames of each second of a film of 24:',
    },
  ],
} as const satisfies Program;

/** The action that makes pictures of the frames of a film. */
export const FRAMES = makeAction({
  name: 'frames',
  description: 'make pictures of the frames of a film that comes through stdin',
  program: PROGRAM,
  folders: [1],
  async work({ flags: { frames, every, format, force }, output }) {
    if (frames === undefined) {
      throw new ShadegradError('BAD_FLAG', '--frames is missing', {
        expected: 'the sides of the frames, which raw frames do not say',
        fix: 'add --frames WxH, such as --frames 640x360',
      });
    }
    const { width, height } = parseSides('frames', frames, format, 1);
    const { ending } = PICTURE_FORMATS[format];
    const isFrame = new RegExp(`^frame-\\d{${DIGITS},}\\${ending}$`);
    const call = { action: 'frames', settings: { frames: `${width}x${height}`, every, format } };
    return inFolder(output, async () => {
      const record = await OutputRecord.open(output, call, { has: (name) => isFrame.test(name) }, force);
      await removeAllStale(output);
      return keepFrames({ folder: output, record, sides: [width, height], every, format });
    });
  },
});

interface Film {
  readonly folder: string;
  readonly record: OutputRecord;
  readonly sides: readonly [width: number, height: number];
  readonly every: number;
  readonly format: PictureFormatName;
}

/** @returns the exit status: 0, or 128 and the number of the signal that stopped it */
async function keepFrames({ folder, record, sides: [width, height], every, format }: Film): Promise<number> {
  const bytes = width * height * 3;
  const line = new StatusLine();
  const interrupt = new Interrupt(() => void process.stdin.destroy());
  const outputs = new Set<string>();
  const working = new Set<Promise<void>>();
  let [read, made] = [0, 0];
  let failure: unknown;
  const keep = async (output: string, frame: RgbImage): Promise<void> => {
    const from = `${frame.data.length}#${crc32(frame.data).toString(16)}`;
    if (await record.has(output, from)) return;
    const picture = await encodeAside(frame, format);
    await replaceFile(join(folder, output), (path) => writeFile(path, picture, { flag: 'wx' }));
    await record.add(output, from);
    made++;
  };
  try {
    for await (const data of piecesOf(process.stdin, bytes, 'stdin')) {
      if (data.length < bytes) throw cutShort(data.length, read, bytes, `${width} x ${height}`);
      if (read++ % every === 0) {
        const output = `frame-${String(read).padStart(DIGITS, '0')}${PICTURE_FORMATS[format].ending}`;
        outputs.add(output);
        // The next piece is read into the same memory.
        const work: Promise<void> = keep(output, { width, height, data: data.slice() })
          .catch((error: unknown) => void (failure ??= error))
          .finally(() => working.delete(work));
        working.add(work);
        while (working.size >= AT_ONCE) await Promise.race(working);
        line.show(`${formatCountOf(read, 'frame')} read, ${outputs.size} kept`);
      }
      if (failure !== undefined || interrupt.exitStatus !== undefined) break;
    }
  } catch (error) {
    // A signal that ends this program closes stdin, often within a frame.
    if (interrupt.exitStatus === undefined) failure ??= error;
  } finally {
    await Promise.all(working);
    line.end();
    interrupt.dispose();
  }
  if (failure !== undefined) throw failure;
  if (interrupt.exitStatus !== undefined) return interrupt.exitStatus;
  if (read === 0) throw noFrames();
  await record.keepOnly(outputs);
  const kept = outputs.size - made;
  const there = kept === 0 ? '' : `; ${kept} there already`;
  remark(printableText(`${formatCountOf(made, 'picture')} made in ${printableName(folder)} of ${formatCountOf(read, 'frame')}${there}`));
  return 0;
}

const SEND = 'ffmpeg -i FILM -f rawvideo -pix_fmt rgb24 -';

function cutShort(received: number, frames: number, bytes: number, sides: string): ShadegradError {
  return new ShadegradError('IMAGE_SIZE', `stdin ends within frame ${frames + 1}`, {
    expected: `whole frames of ${sides} pixels, ${bytes} bytes each`,
    received: `${received} bytes after ${formatCountOf(frames, 'frame')}`,
    fix: `write the sides of the film's frames after --frames, and send rgb24: ${SEND}`,
  });
}

const noFrames = (): ShadegradError =>
  new ShadegradError('DATA_EMPTY', 'There are no frames in stdin', {
    expected: 'one frame at least',
    received: 'nothing',
    fix: `see what the program before the pipe says: ${SEND}`,
  });
