import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { linkAtomic, writeFailed } from '../files/atomic.js';
import type { RunFolder } from './folder.js';

/** Checkpoints of a run that stay beside the latest one: the last few under their steps, and the best. */
export class KeptCheckpoints {
  /** @param always the steps whose checkpoints stay for good are the multiples of this number; null for none */
  constructor(
    private readonly folder: RunFolder,
    private readonly always: number | null,
  ) {}

  /**
   * Keeps the latest checkpoint under its step, where it is to stay, and removes all but the last few of those that do not stay for good.
   *
   * @param keep how many of these stay
   * @throws WRITE_FAILED
   */
  async keep(step: number, keep: number): Promise<void> {
    if (keep === 0 && !this.staysForGood(step)) return;
    await linkAtomic(this.folder.checkpoint, this.folder.keptCheckpoint(step));
    if (keep === 0) return;
    const steps = (await this.steps()).filter((each) => each <= step && !this.staysForGood(each));
    for (const old of steps.slice(0, -keep)) await this.remove(old);
  }

  /** Keeps the latest checkpoint as the best one. @throws WRITE_FAILED */
  keepBest(): Promise<void> {
    return linkAtomic(this.folder.checkpoint, this.folder.bestCheckpoint);
  }

  /** Removes what a run had kept after the step that it goes on from: it is about to happen again. */
  async forgetAfter(step: number): Promise<void> {
    for (const later of (await this.steps()).filter((each) => each > step)) await this.remove(later);
  }

  private staysForGood(step: number): boolean {
    return this.always !== null && step > 0 && step % this.always === 0;
  }

  private async remove(step: number): Promise<void> {
    const path = this.folder.keptCheckpoint(step);
    await rm(path, { force: true }).catch((cause: unknown) => Promise.reject(writeFailed(path, cause)));
  }

  /** The steps of those that are there, ascending. */
  private async steps(): Promise<number[]> {
    const names = await readdir(join(this.folder.path, 'checkpoints')).catch((): string[] => []);
    return names
      .flatMap((name) => /^step-(\d+)\.safetensors$/.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b);
  }
}
