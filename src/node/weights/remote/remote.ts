/** Files of weights at an address: those that one address names, and those beside them. */
export interface RemoteFiles {
  /** What messages call the place, such as `hf:ORG/NAME@1a2b3c4`. */
  readonly title: string;
  /** The folder of the cache in which its files lie, under their own names. */
  readonly folder: string;
  /** The file that the address names; undefined for an address of a folder, one of whose `names` is meant. */
  readonly file: string | undefined;
  /** The names of the files of a folder, without those of folders in it; undefined where nobody can list them. */
  readonly names: readonly string[] | undefined;
  /**
   * The path of a file in the cache, fetched first where it is not there.
   *
   * @param pin the SHA-256 that it must have
   * @throws DOWNLOAD_FAILED, WRITE_FAILED, DATA_NOT_FOUND
   */
  fetch(name: string, pin?: string): Promise<string>;
}

/** A kind of address that weights are fetched from. */
export interface RemoteKind {
  /** How such an address is written, for help and errors. */
  readonly form: string;
  /** Whether a text is such an address. */
  takes(text: string): boolean;
  /**
   * Finds out what an address names.
   *
   * @param text without what comes after `#`
   * @throws DOWNLOAD_FAILED, DATA_NOT_FOUND
   */
  open(text: string): Promise<RemoteFiles>;
}
