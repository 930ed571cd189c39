import { ShadegradError, type ErrorCode } from '../errors.js';

/** A refused command is often the consequence of an earlier shader or buffer that failed; those tell more. */
const EXPLAINS_MOST: readonly ErrorCode[] = ['OUT_OF_MEMORY', 'SHADER_COMPILE', 'GPU_VALIDATION'];

/**
 * What the device reports later than the call that caused it. It is thrown where the program waits for the device,
 * after all reports of earlier calls have come in; a lost device also ends every other call.
 */
export class Failures {
  private readonly reports = new Set<Promise<void>>();
  private lost: ShadegradError | null = null;
  private failure: ShadegradError | null = null;

  constructor(
    private readonly device: GPUDevice,
    private readonly track: <T>(promise: Promise<T>) => Promise<T>,
  ) {
    this.listen();
  }

  /**
   * Opens a scope for whatever the device refuses from here on. Unlike events, which a browser may deliver after the
   * wait, a scope's first error is known when the scope is closed.
   */
  private listen(): void {
    this.device.pushErrorScope('validation');
  }

  report(error: ShadegradError): void {
    if (error.code === 'DEVICE_LOST') this.lost ??= error;
    else if (!this.failure || rank(error) < rank(this.failure)) this.failure = error;
  }

  /** Reports what the promise finds; whoever waits for the device waits for it, too. Reports of a lost device do not matter. */
  expect(diagnosis: Promise<ShadegradError | null>): void {
    const report = diagnosis
      .then(
        (error) => void (error && this.report(error)),
        () => {},
      )
      .finally(() => this.reports.delete(report));
    this.reports.add(report);
  }

  /** Waits until the reports about every earlier call are in. */
  async settle(): Promise<void> {
    const refusal = this.device.popErrorScope();
    this.listen();
    this.expect(this.track(refusal).then((error) => (error ? refused(error) : null)));
    await Promise.all(this.reports);
  }

  throwIfLost(): void {
    if (this.lost) throw this.lost;
  }

  /** The failure that explains most, once. */
  take(): ShadegradError | null {
    const error = this.failure;
    this.failure = null;
    return error;
  }
}

/** The error for a call that the device did not accept. */
export function refused(error: GPUError): ShadegradError {
  return new ShadegradError('GPU_VALIDATION', 'the device refused a command', {
    received: error.message,
    fix: "this is a bug in a kernel's host half: please report it with the text above",
  });
}

/** The error for a device that is gone. */
export function lost({ message, reason }: GPUDeviceLostInfo): ShadegradError {
  return new ShadegradError('DEVICE_LOST', 'the GPU device was lost', {
    received: message || reason,
    fix: 'start again from the last checkpoint; if it happens again, use a smaller size or batch',
  });
}

/** The error for memory that does not come back from the device. */
export function unreadable(label: string, bytes: number, cause: unknown): ShadegradError {
  return new ShadegradError('DEVICE_LOST', `"${label}" (${bytes} bytes) could not be read back`, {
    received: cause instanceof Error && cause.message ? cause.message : 'the device gave no reason',
    fix: 'start again from the last checkpoint',
  });
}

function rank(error: ShadegradError): number {
  return EXPLAINS_MOST.indexOf(error.code);
}
