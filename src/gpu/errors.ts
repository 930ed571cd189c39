/** What can go wrong, as a stable code that a program can test for. */
export type ErrorCode =
  | 'NO_ADAPTER'
  | 'DEVICE_LOST'
  | 'OUT_OF_MEMORY'
  | 'GPU_VALIDATION'
  | 'SHADER_COMPILE'
  | 'LIMIT_EXCEEDED'
  | 'USE_AFTER_FREE'
  | 'BUFFER_CONFLICT'
  | 'SHAPE_MISMATCH'
  | 'INVALID_ARGUMENT'
  | 'MISSING_GRADIENT'
  | 'DIVERGED'
  | 'RECORDING'
  | 'DATA_NOT_FOUND'
  | 'DATA_EMPTY'
  | 'DATA_UNREADABLE'
  | 'IMAGE_CORRUPT'
  | 'IMAGE_UNSUPPORTED'
  | 'IMAGE_SIZE'
  | 'DOWNLOAD_FAILED'
  | 'WRITE_FAILED'
  | 'CHECKPOINT_CORRUPT'
  | 'CHECKPOINT_VERSION'
  | 'CHECKPOINT_MISMATCH'
  | 'WEIGHTS_CORRUPT'
  | 'WEIGHTS_UNSUPPORTED'
  | 'WEIGHTS_MISMATCH'
  | 'RUN_IN_USE'
  | 'BAD_FLAG';

export interface ErrorDetails {
  /** What would have been right. */
  expected?: string;
  /** What came instead. */
  received?: string;
  /** How to mend it. */
  fix?: string;
  cause?: unknown;
}

/**
 * Every error this library throws on purpose: a stable `code`, what was expected, what came, how to mend it.
 * Command-line programs print `message` alone; it already holds all four.
 */
export class ShadegradError extends Error {
  override readonly name = 'ShadegradError';
  readonly code: ErrorCode;
  readonly expected?: string;
  readonly received?: string;
  readonly fix?: string;

  constructor(code: ErrorCode, what: string, details: ErrorDetails = {}) {
    const lines = [what];
    if (details.expected !== undefined) lines.push(`  expected: ${details.expected}`);
    if (details.received !== undefined) lines.push(`  received: ${details.received}`);
    if (details.fix !== undefined) lines.push(`  fix: ${details.fix}`);
    super(lines.join('\n'), details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.expected = details.expected;
    this.received = details.received;
    this.fix = details.fix;
  }
}
