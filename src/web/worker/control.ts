/** What the page has asked of a run, until the run sees to it. */
export class Control {
  private wantsPause = false;
  private wantsSave = false;
  private wantsStop = false;
  private wake: () => void = () => undefined;

  /** Whether something is to be seen to, so that no further steps are taken before. */
  get due(): boolean {
    return this.wantsPause || this.wantsSave || this.wantsStop;
  }

  /** Whether the run is to end. */
  get stopped(): boolean {
    return this.wantsStop;
  }

  /** Whether the run is to wait. */
  get paused(): boolean {
    return this.wantsPause && !this.wantsStop;
  }

  /** Takes what the page asks. */
  ask(what: 'pause' | 'resume' | 'save' | 'stop'): void {
    if (what === 'pause') this.wantsPause = true;
    else if (what === 'resume') this.wantsPause = false;
    else if (what === 'save') this.wantsSave = true;
    else this.wantsStop = true;
    this.wake();
  }

  /** Whether a checkpoint is asked for: once. */
  takeSave(): boolean {
    const asked = this.wantsSave;
    this.wantsSave = false;
    return asked;
  }

  /** Waits until the page asks something. */
  async asked(): Promise<void> {
    await new Promise<void>((wake) => (this.wake = wake));
  }
}
