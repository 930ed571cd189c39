import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { joinPair, type RgbImage } from '../../../data/image.js';
import { crc32 } from '../../../formats/crc32.js';
import { printableName, printableText } from '../../../formats/names.js';
import { ShadegradError } from '../../../errors.js';
import { removeAllStale, replaceFile } from '../../files/atomic.js';
import { piecesOf } from '../../files/standard-streams.js';
import { encodeAside, PICTURE_FORMATS, type PictureFormatName } from '../../images/encode.js';
import type { Program } from '../../terminal/flags.js';
import { formatCountOf } from '../../../formats/words.js';
import { remark } from '../../terminal/remarks.js';
import { Interrupt } from '../../training/interrupt.js';
import { StatusLine } from '../../training/status-line.js';
import { FORMAT_FLAG, makeAction, WRITING_FLAGS } from './action.js';
import { parseSides } from './operands.js';
import { framePairs } from './frame-pairs.js';
import { inFolder, runJobs } from './jobs.js';
import { OutputRecord } from './record.js';

/** Frames that are encoded at the same time; so many are in memory. */
const AT_ONCE = 4;
/** Bytes of frames that are kept until their later halves come. */
const MOST_KEPT = 2 ** 30;
/** Names of so many digits have the same order in every program. */
const DIGITS = 6;

const PROGRAM = {
  usage: 'npx shadegrad prepare frames [IN] OUT [flags]',
  summary:
    'Makes pictures of the frames of a film, which comes through stdin as raw rgb24, as ffmpeg writes it. Each is named after its place ' +
    'in the film. prepare make then makes pairs of them, and prepare split --blocks keeps neighbours together. With --gap each picture ' +
    'is a pair of a frame and a later one, for networks that learn what comes next; IN is then a folder of numbered frames in place of ' +
    'stdin.',
  takesOperands: true,
  flags: [
    {
      name: 'frames',
      group: 'Film',
      type: 'string',
      placeholder: 'WxH',
      description: 'sides of its frames in pixels: raw frames do not say them',
    },
    {
      name: 'every',
      group: 'Film',
      type: 'integer',
      min: 1,
      max: 1_000_000,
      default: 1,
      description: 'keep the first of so many frames: neighbours are nearly the same',
    },
    {
      name: 'gap',
      group: 'Film',
      type: 'integer',
      min: 1,
      max: 10_000,
      description:
        'make pairs side by side: half A (left) is the frame so many before that of half B (right); --every chooses frames for half B. ' +
        'Nothing is paired across a frame that is missing in a folder; by default single pictures',
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
    {
      command: 'npx shadegrad prepare frames film/ pairs/ --gap 1',
      description: 'Each frame with the one after it, of pictures in a folder:',
    },
  ],
} as const satisfies Program;

/** The action that makes pictures of the frames of a film. */
export const FRAMES = makeAction({
  name: 'frames',
  description: 'make pictures of the frames of a film that comes through stdin, or pairs of frames',
  program: PROGRAM,
  folders: [1, 2],
  async work({ flags: { frames, every, gap, format, force }, inputs: [input], output }) {
    if (input !== undefined) return pairFrames(input, output, { frames, every, gap, format, force });
    if (frames === undefined) {
      throw new ShadegradError('BAD_FLAG', '--frames is missing', {
        expected: 'the sides of the frames, which raw frames do not say',
        fix: 'add --frames WxH, such as --frames 640x360; of a folder of frames: prepare frames IN OUT --gap 1',
      });
    }
    const { width, height } = parseSides('frames', frames, format, gap === undefined ? 1 : 2);
    expectMemory(width * height * 3, gap);
    const { ending } = PICTURE_FORMATS[format];
    const isFrame = new RegExp(`^frame-\\d{${DIGITS},}\\${ending}$`);
    const call = { action: 'frames', settings: { frames: `${width}x${height}`, every, format, ...(gap !== undefined && { gap }) } };
    return inFolder(output, async () => {
      const record = await OutputRecord.open(output, call, { has: (name) => isFrame.test(name) }, force);
      await removeAllStale(output);
      const status = await keepFrames({ folder: output, record, sides: [width, height], every, gap, format });
      if (gap !== undefined && status === 0) remark(LEARNED);
      return status;
    });
  },
});

const LEARNED = 'half A (left) is the earlier frame: train with --direction AtoB';

/** The flags of a film, as they were typed. */
interface FilmFlags extends Pick<Film, 'every' | 'gap' | 'format'> {
  readonly frames: string | undefined;
  readonly force: boolean;
}

/** Makes pairs of the frames in a folder. @throws BAD_FLAG, what framePairs() throws */
async function pairFrames(input: string, output: string, { frames, every, gap, format, force }: FilmFlags): Promise<number> {
  if (gap === undefined || frames !== undefined) {
    throw new ShadegradError('BAD_FLAG', frames === undefined ? '--gap is missing' : '--frames is for a film through stdin', {
      expected: 'a folder of frames with --gap, or --frames and one folder, that of the results',
      received: `the folder ${printableName(input)}${frames === undefined ? '' : ` and --frames ${frames}`}`,
      fix: frames === undefined ? 'add --gap 1 for pairs of neighbours: single pictures are there already' : 'leave out --frames',
    });
  }
  const jobs = await framePairs(input, { gap, every }, format);
  const settings = { input: resolve(input), every, gap, format };
  const status = await runJobs(output, { action: 'frames', settings }, jobs, force, 'pair');
  remark(LEARNED);
  return status;
}

/** @throws BAD_FLAG for more frames between the halves of a pair than memory should hold */
function expectMemory(bytes: number, gap = 0): void {
  if (bytes * gap <= MOST_KEPT) return;
  throw new ShadegradError('BAD_FLAG', `--gap ${gap} is too large for frames of this size`, {
    expected: `at most ${Math.floor(MOST_KEPT / bytes)}: so many frames are kept in memory`,
    received: String(gap),
    fix: 'write a smaller one, or make single pictures first, and pairs of their folder: prepare frames IN OUT --gap N',
  });
}

interface Film {
  readonly folder: string;
  readonly record: OutputRecord;
  readonly sides: readonly [width: number, height: number];
  readonly every: number;
  /** How many frames before that of half B half A is; without it, there are single pictures. */
  readonly gap: number | undefined;
  readonly format: PictureFormatName;
}

/** @returns the exit status: 0, or 128 and the number of the signal that stopped it */
async function keepFrames({ folder, record, sides: [width, height], every, gap = 0, format }: Film): Promise<number> {
  const bytes = width * height * 3;
  const line = new StatusLine();
  const interrupt = new Interrupt(() => void process.stdin.destroy());
  const outputs = new Set<string>();
  const working = new Set<Promise<void>>();
  const earlier: RgbImage[] = [];
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
      const frame = { width, height, data };
      const before = earlier.length < gap ? undefined : earlier.shift();
      const wanted = read++ % every === 0 && (gap === 0 || before !== undefined);
      // The next piece is read into the same memory.
      if (gap > 0) earlier.push({ ...frame, data: data.slice() });
      if (wanted) {
        const output = `frame-${String(read).padStart(DIGITS, '0')}${PICTURE_FORMATS[format].ending}`;
        outputs.add(output);
        const picture = before ? joinPair({ name: output, a: before, b: frame }) : { ...frame, data: data.slice() };
        const work: Promise<void> = keep(output, picture)
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
  if (outputs.size === 0) throw tooShort(read, gap);
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

const tooShort = (read: number, gap: number): ShadegradError =>
  new ShadegradError('DATA_EMPTY', `No two frames of stdin are ${gap} apart`, {
    expected: `more than ${formatCountOf(gap, 'frame')}`,
    received: formatCountOf(read, 'frame'),
    fix: 'write a smaller --gap, or a smaller --every',
  });

const noFrames = (): ShadegradError =>
  new ShadegradError('DATA_EMPTY', 'There are no frames in stdin', {
    expected: 'one frame at least',
    received: 'nothing',
    fix: `see what the program before the pipe says: ${SEND}`,
  });
