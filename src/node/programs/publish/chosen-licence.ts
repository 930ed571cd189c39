import { readFile } from 'node:fs/promises';
import { oneLine, printableName } from '../../../formats/names.js';
import { ShadegradError } from '../../../errors.js';
import { findLicence, licenceFile, OTHER } from './licences.js';

/** The licence of a publication. */
export interface ChosenLicence {
  /** What the card calls it: an identifier of SPDX, or the first line of its own text. */
  readonly title: string;
  /** What the Hugging Face Hub calls it; undefined for one that is not in its list. */
  readonly hub: string | undefined;
  /** The file LICENSE. */
  text(author: string): string;
}

/** Of a file that is no licence, such as a picture that was named by mistake, more is not read. */
const MOST_CHARACTERS = 200_000;

/**
 * The licence that was asked for.
 *
 * @param id as it was typed: one that is known here, or `other`
 * @param path of the text of another one
 * @throws BAD_FLAG for another one without its text; DATA_NOT_FOUND, DATA_UNREADABLE for a text that cannot be read
 */
export async function chosenLicence(id: string, path: string | undefined): Promise<ChosenLicence> {
  const known = findLicence(id);
  if (known !== undefined) return { title: known.id, hub: known.hub, text: (author) => licenceFile(known, author) };
  if (path === undefined) {
    throw new ShadegradError('BAD_FLAG', `--license ${OTHER} comes without its text`, {
      expected: 'a file with the text of the licence',
      received: 'no --license-file',
      fix: 'add --license-file FILE',
    });
  }
  const text = await textOf(path);
  const title = oneLine(
    text
      .split('\n')
      .map((line) => line.replace(/^[\s#*=-]+|[\s*=-]+$/g, ''))
      .find((line) => line !== '')!,
    80,
  );
  return { title, hub: undefined, text: () => (text.endsWith('\n') ? text : `${text}\n`) };
}

async function textOf(path: string): Promise<string> {
  const shown = printableName(path);
  const bytes = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    throw new ShadegradError('DATA_NOT_FOUND', `${shown} cannot be read`, {
      expected: 'a file with the text of a licence',
      received: `${cause.code ?? String(cause)} from the file system`,
      fix: 'check the path given with --license-file',
      cause,
    });
  });
  let text: string | undefined;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes).replaceAll('\r\n', '\n');
  } catch {
    // Said below.
  }
  const isText = text !== undefined && text.length <= MOST_CHARACTERS && /[\p{L}\p{N}]/u.test(text) && !text.includes('\0');
  if (isText) return text!;
  throw new ShadegradError('DATA_UNREADABLE', `${shown} is no text of a licence`, {
    expected: `a text in UTF-8 of at most ${MOST_CHARACTERS} characters`,
    received:
      bytes.length === 0
        ? 'an empty file'
        : text === undefined
          ? 'other bytes'
          : text.length > MOST_CHARACTERS
            ? 'a longer one'
            : 'no words',
    fix: 'name the file with the text of the licence',
  });
}
