/** What can go wrong, as a stable code that a program can test for: `error.code`. */
export type ErrorCode =
  | 'NO_ADAPTER'
  | 'DEVICE_LOST'
  | 'OUT_OF_MEMORY'
  | 'GPU_VALIDATION'
  | 'SHADER_COMPILE'
  | 'LIMIT_EXCEEDED'
  | 'USE_AFTER_FREE'
  | 'BUFFER_CONFLICT'
  | 'DEVICE_MISMATCH'
  | 'SHAPE_MISMATCH'
  | 'INVALID_ARGUMENT'
  | 'MISSING_GRADIENT'
  | 'STALE_TENSOR'
  | 'DIVERGED'
  | 'RECORDING'
  | 'DATA_NOT_FOUND'
  | 'DATA_EMPTY'
  | 'DATA_UNREADABLE'
  | 'IMAGE_CORRUPT'
  | 'IMAGE_UNSUPPORTED'
  | 'IMAGE_SIZE'
  | 'IMAGE_DECODER'
  | 'IMAGE_NOT_READY'
  | 'IMAGE_TAINTED'
  | 'DOWNLOAD_FAILED'
  | 'WRITE_FAILED'
  | 'CHECKPOINT_CORRUPT'
  | 'CHECKPOINT_VERSION'
  | 'CHECKPOINT_MISMATCH'
  | 'WEIGHTS_CORRUPT'
  | 'WEIGHTS_UNSUPPORTED'
  | 'WEIGHTS_MISMATCH'
  | 'RUN_IN_USE'
  | 'WORKER_LOST'
  | 'PORT_IN_USE'
  | 'BAD_FLAG';

/** The details of an error: what was expected, what came, how to mend it. */
export interface ErrorDetails {
  /** What would have been right. */
  expected?: string;
  /** What came instead. */
  received?: string;
  /** How to mend it. */
  fix?: string;
  /** The error that this one comes of. */
  cause?: unknown;
}

/** Texts may hold names of files, and those anything but a slash: what would move a terminal's cursor is written out. */
const printable = (text: string): string =>
  text.replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, (character) => `\\u{${character.charCodeAt(0).toString(16)}}`);

/**
 * An error that this library throws on purpose: a stable `code`, what was expected, what came, how to mend it. Command-line programs
 * print `message` alone; it already holds all four.
 *
 * ```ts
 * if (error instanceof ShadegradError && error.code === 'OUT_OF_MEMORY') batch /= 2;
 * ```
 */
export class ShadegradError extends Error {
  /** The name of the class, as errors have it. */
  override readonly name = 'ShadegradError';
  /** What has gone wrong, as a stable code. */
  readonly code: ErrorCode;
  /** The message's first line: what is wrong. */
  readonly what: string;
  /** What would have been right. */
  readonly expected?: string;
  /** What came instead. */
  readonly received?: string;
  /** How to mend it. */
  readonly fix?: string;

  /**
   * Makes an error whose message holds what is wrong and the details, a line each.
   *
   * @param what is wrong, the first line of the message
   */
  constructor(code: ErrorCode, what: string, details: ErrorDetails = {}) {
    const lines = [what];
    if (details.expected !== undefined) lines.push(`  expected: ${details.expected}`);
    if (details.received !== undefined) lines.push(`  received: ${details.received}`);
    if (details.fix !== undefined) lines.push(`  fix: ${details.fix}`);
    super(printable(lines.join('\n')), details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.what = what;
    this.expected = details.expected;
    this.received = details.received;
    this.fix = details.fix;
  }

  /** Makes the same error under another code, for a room whose callers know such errors by their own. */
  withCode(code: ErrorCode): ShadegradError {
    const { what, expected, received, fix } = this;
    return new ShadegradError(code, what, { expected, received, fix, cause: this });
  }
}
