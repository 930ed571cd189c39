import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ShadegradError } from '../../../errors.js';
import { oneLine } from '../../../formats/names.js';
import { makeFolder, partialPath, writeFileAtomic } from '../../files/atomic.js';
import { finished } from '../../files/unfinished.js';
import { fetchToFile, parseUrl, RefusedRequest, type FileOptions } from '../../files/download-fetch.js';
import { remark } from '../../terminal/remarks.js';
import { cachedFile, expectHash, expectSafeAddress, isSafeName, weightsCache } from './cache.js';
import type { RemoteKind } from './remote.js';

const HUB = 'https://huggingface.co';
/** hf:ORG/NAME, with @REVISION and /FILE where they are wanted. */
const FORM = /^hf:([\w.-]+)\/([\w.-]+)(?:@([^/@\s]+))?(?:\/(.+))?$/;
const COMMIT = /^[0-9a-f]{40}$/;
/** Of the list of files of a repository. */
const MOST_LIST_BYTES = 2 ** 24;

/** A repository at a moment: the commit, and what it holds. */
interface Snapshot {
  readonly commit: string;
  /** SHA-256 of each file, where the Hub says it: it does of large ones. */
  readonly files: Readonly<Record<string, string | null>>;
}

/** A model repository of the Hugging Face Hub, or of a server that speaks as it does (HF_ENDPOINT). */
export const hub: RemoteKind = {
  form: 'hf:ORG/NAME[@REVISION][/FILE]',
  takes: (text) => text.startsWith('hf:'),
  async open(text) {
    const [, organisation, name, asked = 'main', inside] = FORM.exec(text) ?? [];
    const parts = [organisation ?? '', name ?? '', asked, ...(inside?.split('/') ?? [])];
    if (organisation === undefined || name === undefined || parts.some((part) => /^\.*$/.test(part))) throw badForm(text);
    const server: HubServer = { endpoint: hubEndpoint(), token: hubToken() };
    const { endpoint } = server;
    const repository = `${organisation}/${name}`;
    const revision = decoded(asked);
    const folder = join((await weightsCache()).folder, 'hub', endpoint.host.replaceAll(':', '_'), `${organisation}--${name}`);
    const snapshot = await snapshotOf({ server, repository, revision, folder });
    const { commit, files } = snapshot;
    const isFile = inside !== undefined && Object.hasOwn(files, inside);
    const below = inside === undefined || isFile ? '' : `${inside}/`;
    const names = Object.keys(files).flatMap((each) => {
      const rest = each.startsWith(below) ? each.slice(below.length) : '';
      return rest === '' || rest.includes('/') ? [] : [rest];
    });
    const title = `hf:${repository}@${commit.slice(0, 7)}${inside === undefined ? '' : `/${inside}`}`;
    if (inside !== undefined && !isFile && names.length === 0) throw noFile(title, inside, files);
    const prefix = isFile ? inside.slice(0, inside.lastIndexOf('/') + 1) : below;
    return {
      title,
      folder: join(folder, commit, ...prefix.split('/').filter((part) => part !== '')),
      ...(isFile ? { file: inside.slice(prefix.length), names: undefined } : { file: undefined, names }),
      async fetch(each, pin) {
        const whole = prefix + each;
        if (!Object.hasOwn(files, whole)) throw noFile(title, whole, files);
        const said = files[whole] ?? undefined;
        const url = `${originOf(endpoint)}/${repository}/resolve/${commit}/${whole.split('/').map(encodeURIComponent).join('/')}`;
        if (pin !== undefined && said !== undefined) expectHash(url, pin, said);
        return cachedFile({
          ...{ url, path: join(folder, commit, ...whole.split('/')), sha256: pin ?? said, immutable: true },
          ...requestOptions(server, title),
        });
      },
    };
  },
};

const originOf = ({ href }: URL): string => href.replace(/\/$/, '');

/** Where a repository is asked about, and where what was heard is kept. */
interface Asked {
  readonly server: HubServer;
  readonly repository: string;
  readonly revision: string;
  /** Of the cache. */
  readonly folder: string;
}

/** What a revision is now; a commit never changes, and where the server cannot be reached, what it was when it was asked last serves. */
async function snapshotOf({ server, repository, revision, folder }: Asked): Promise<Snapshot> {
  const kept = join(folder, `${encodeURIComponent(revision)}.json`);
  const before = await readSnapshot(kept);
  if (before && COMMIT.test(revision)) return before;
  const title = `hf:${repository}@${revision}`;
  if (process.env.HF_HUB_OFFLINE === '1') {
    if (before) return before;
    throw new ShadegradError('DOWNLOAD_FAILED', `${oneLine(title, 160)} is not in the cache`, {
      expected: 'a copy that was fetched before',
      received: 'HF_HUB_OFFLINE=1, by which nothing is fetched',
      fix: 'take HF_HUB_OFFLINE away, or name a file',
    });
  }
  try {
    const snapshot = await ask({ server, repository, revision, folder }, before === undefined ? undefined : 2);
    await writeFileAtomic(kept, JSON.stringify(snapshot));
    await writeFileAtomic(join(folder, `${snapshot.commit}.json`), JSON.stringify(snapshot));
    return snapshot;
  } catch (error) {
    if (!before || !(error instanceof ShadegradError) || error.code !== 'DOWNLOAD_FAILED' || error.cause instanceof RefusedRequest)
      throw error;
    const { commit } = before;
    const why = `${server.endpoint.host} cannot be reached (${error.received ?? error.what})`;
    remark(`${why}: taking ${title} as it was, commit ${commit.slice(0, 7)}`);
    return before;
  }
}

async function ask({ server, repository, revision, folder }: Asked, attempts?: number): Promise<Snapshot> {
  // With the sums of the files that have one.
  const url = `${originOf(server.endpoint)}/api/models/${repository}/revision/${encodeURIComponent(revision)}?blobs=true`;
  await makeFolder(folder);
  const temporary = partialPath(join(folder, 'files.json'));
  try {
    const title = `hf:${repository}@${revision}`;
    await fetchToFile(url, temporary, {
      kind: { noun: 'list of files', byHand: 'fetch the file of weights by hand and name it' },
      mostBytes: MOST_LIST_BYTES,
      ...requestOptions(server, title),
      ...(attempts !== undefined && { attempts }),
    });
    return parseSnapshot(await readFile(temporary, 'utf8'), url);
  } finally {
    await rm(temporary, { force: true });
    finished(temporary);
  }
}

/** @throws DOWNLOAD_FAILED for what is no list of files */
function parseSnapshot(text: string, url: string): Snapshot {
  try {
    const { sha, siblings } = JSON.parse(text) as { sha: unknown; siblings: { rfilename: unknown; lfs?: { sha256?: unknown } | null }[] };
    if (typeof sha === 'string' && COMMIT.test(sha)) {
      const entries = siblings.flatMap(({ rfilename, lfs }): [string, string | null][] => {
        if (typeof rfilename !== 'string' || !isSafeName(rfilename)) return [];
        return [[rfilename, typeof lfs?.sha256 === 'string' && /^[0-9a-f]{64}$/.test(lfs.sha256) ? lfs.sha256 : null]];
      });
      return { commit: sha, files: Object.fromEntries(entries) };
    }
  } catch {
    // Said below.
  }
  throw new ShadegradError('DOWNLOAD_FAILED', `The answer of ${url} makes no sense`, {
    expected: 'JSON with the commit ("sha") and the files ("siblings") of a repository',
    received: oneLine(text, 80) || 'nothing',
    fix: 'check HF_ENDPOINT, or fetch the file of weights by hand and name it',
  });
}

async function readSnapshot(path: string): Promise<Snapshot | undefined> {
  try {
    const { commit, files } = JSON.parse(await readFile(path, 'utf8')) as Snapshot;
    return typeof commit === 'string' && COMMIT.test(commit) && Object.keys(files).every(isSafeName) ? { commit, files } : undefined;
  } catch {
    return undefined;
  }
}

/** The server that speaks as the Hub does. @throws DOWNLOAD_FAILED for an address that is none */
function hubEndpoint(): URL {
  const url = parseUrl(process.env.HF_ENDPOINT || HUB);
  expectSafeAddress(url);
  return url;
}

/** A server that is asked, and with what right. */
interface HubServer {
  readonly endpoint: URL;
  readonly token: string | undefined;
}

function requestOptions({ endpoint, token }: HubServer, title: string): Pick<FileOptions, 'expectAddress' | 'headersFor' | 'explain'> {
  return {
    expectAddress: expectSafeAddress,
    // The files themselves come from other servers, which have no business with the token.
    headersFor: (at): Record<string, string> =>
      token !== undefined && at.origin === endpoint.origin ? { authorization: `Bearer ${token}` } : {},
    explain: (response) => mendFor(response, title, token !== undefined),
  };
}

/** The token of the environment, which no message ever shows. @throws DOWNLOAD_FAILED for what no header can hold */
function hubToken(): string | undefined {
  const token = process.env.HF_TOKEN?.trim();
  if (token === undefined || token === '') return undefined;
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new ShadegradError('DOWNLOAD_FAILED', 'HF_TOKEN is no token', {
    expected: 'letters, digits and signs without a space, as huggingface.co/settings/tokens shows it',
    received: 'something with other characters',
    fix: 'copy the token again, or leave HF_TOKEN out for what is public',
  });
}

function mendFor({ status, headers }: Response, title: string, hasToken: boolean): string | undefined {
  const code = headers.get('x-error-code') ?? '';
  if (code === 'GatedRepo') return `ask for access on the page of ${title}, and put a token of yours into HF_TOKEN`;
  if (code === 'RevisionNotFound') return `there is no such revision: leave out what comes after @, or check it`;
  if (status === 401 || status === 403) {
    // The Hub does not say whether a repository that may not be seen is there.
    return hasToken
      ? `check the name of ${title}: there is none, or HF_TOKEN may not read it`
      : `check the name of ${title}; one that is private needs a token in HF_TOKEN`;
  }
  return status === 404 ? `check the name of ${title}` : undefined;
}

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

const badForm = (text: string): ShadegradError =>
  new ShadegradError('DOWNLOAD_FAILED', `${oneLine(text, 120)} names nothing on the Hub`, {
    expected: `${hub.form}, such as hf:my-name/facades or hf:my-name/facades@main/model.safetensors`,
    fix: 'write it in this form; a slash in a revision is %2F',
  });

function noFile(title: string, file: string, files: Snapshot['files']): ShadegradError {
  const names = Object.keys(files);
  return new ShadegradError('DATA_NOT_FOUND', `There is no ${oneLine(file, 120)} in ${title}`, {
    expected: names.length === 0 ? 'a repository with files' : oneLine(names.slice(0, 8).join(', '), 300),
    fix: 'name one of its files, or leave the file out',
  });
}
