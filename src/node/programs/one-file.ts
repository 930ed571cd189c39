import { type ErrorCode, ShadegradError } from '../../errors.js';

/** What is wrong with one file: with its contents, its name or its place. */
const OF_ONE_FILE: readonly ErrorCode[] = [
  'IMAGE_CORRUPT',
  'IMAGE_UNSUPPORTED',
  'IMAGE_SIZE',
  'DATA_NOT_FOUND',
  'DATA_UNREADABLE',
  'WRITE_FAILED',
  'BAD_FLAG',
];
/** What the file system says when nothing at all can be written any more. */
const NOTHING_WRITABLE: readonly unknown[] = ['ENOSPC', 'EDQUOT', 'EROFS'];

/** Whether an error is about one file of many: the others may still be worked on. A full disk would fail for every one. */
export function concernsOneFile(error: unknown): error is ShadegradError {
  if (!(error instanceof ShadegradError) || !OF_ONE_FILE.includes(error.code)) return false;
  return !(error.code === 'WRITE_FAILED' && NOTHING_WRITABLE.includes((error.cause as NodeJS.ErrnoException | undefined)?.code));
}
