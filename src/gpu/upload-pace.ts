import type { Gpu } from './gpu.js';

/** Bytes between two waits. */
const UNSYNCHRONISED_BYTES = 32 * 1024 * 1024;

/** Keeps many uploads from piling up: the driver keeps a copy of what it has not yet uploaded, so it is let catch up now and then. */
export class UploadPace {
  private bytes = 0;

  constructor(private readonly gpu: Gpu) {}

  /** Waits for the device when many bytes were written since the last wait. */
  async wrote(bytes: number): Promise<void> {
    this.bytes += bytes;
    if (this.bytes >= UNSYNCHRONISED_BYTES) await this.finish();
  }

  /** Waits until all is uploaded. */
  async finish(): Promise<void> {
    this.bytes = 0;
    await this.gpu.sync();
  }
}
