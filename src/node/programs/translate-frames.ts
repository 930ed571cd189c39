import type { RgbImage } from '../../data/image.js';
import { ShadegradError } from '../../errors.js';
import { FrameMean } from '../../training/frame-mean.js';
import { piecesOf, writeStream } from '../files/standard-streams.js';
import { formatCountOf } from '../../formats/words.js';
import { remark } from '../terminal/remarks.js';
import { Interrupt } from '../training/interrupt.js';
import { StatusLine } from '../training/status-line.js';

/** How the frames of a film are read and made. */
export interface FrameWork {
  readonly sides: readonly [width: number, height: number];
  /** Weight of the mean of the frames before, in that of a frame: 0 for none. */
  readonly smooth: number;
  translate(frame: RgbImage): Promise<RgbImage>;
}

/**
 * Translates a film frame by frame, from stdin to stdout: three bytes a pixel, as `ffmpeg -f rawvideo -pix_fmt rgb24` writes and reads
 * them. One frame is in memory at a time, and none is read before there was room for the result of the one before it. Whoever stops
 * reading stdout ends it.
 *
 * @returns the exit status: 0, or 128 and the number of the signal that stopped it
 * @throws IMAGE_SIZE for a last frame that is cut short; DATA_EMPTY for a film without frames; DATA_UNREADABLE, WRITE_FAILED
 */
export async function translateFrames({ sides: [width, height], smooth, translate }: FrameWork): Promise<number> {
  const bytes = width * height * 3;
  const line = new StatusLine();
  const interrupt = new Interrupt(() => void process.stdin.destroy());
  const mean = new FrameMean(smooth);
  let read = 0;
  let done = 0;
  try {
    for await (const data of piecesOf(process.stdin, bytes, 'stdin')) {
      if (data.length < bytes) throw cutShort(data.length, done, bytes, `${width} x ${height}`);
      read++;
      const result = mean.add(await translate({ width, height, data }));
      if (done === 0) remark(`frames of ${width} x ${height} become ${result.width} x ${result.height}, rgb24`);
      if (!(await writeStream(process.stdout, result.data, 'stdout'))) break;
      line.show(`translated ${formatCountOf(++done, 'frame')}`);
      if (interrupt.exitStatus !== undefined) break;
    }
    if (read === 0) throw noFrames();
  } catch (error) {
    // A signal that ends this program closes stdin, and often ends the program before the pipe within a frame.
    if (interrupt.exitStatus === undefined || !isOfStdin(error)) throw error;
  } finally {
    line.end();
    interrupt.dispose();
  }
  return interrupt.exitStatus ?? 0;
}

function cutShort(received: number, frames: number, bytes: number, sides: string): ShadegradError {
  return new ShadegradError('IMAGE_SIZE', `stdin ends within frame ${frames + 1}`, {
    expected: `whole frames of ${sides} pixels, ${bytes} bytes each`,
    received: `${received} bytes after ${formatCountOf(frames, 'frame')}`,
    fix: 'write the size of its frames after --frames, and send rgb24: ffmpeg -i FILM -f rawvideo -pix_fmt rgb24 -',
  });
}

const noFrames = (): ShadegradError =>
  new ShadegradError('DATA_EMPTY', 'There are no frames in stdin', {
    expected: 'one frame at least',
    received: 'nothing',
    fix: 'see what the program before the pipe says: ffmpeg -i FILM -f rawvideo -pix_fmt rgb24 -',
  });

/** Whether an error says how stdin ended. */
const isOfStdin = (error: unknown): boolean =>
  error instanceof ShadegradError && ['DATA_UNREADABLE', 'DATA_EMPTY', 'IMAGE_SIZE'].includes(error.code);
