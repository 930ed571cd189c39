import { createHash, createHmac, randomBytes } from 'node:crypto';
import { existsSync, promises as nodeFiles } from 'node:fs';
import { join } from 'node:path';
import { ShadegradError } from '../../../../errors.js';
import { printableName } from '../../../../formats/names.js';
import { LIBRARY_VERSION } from '../../../../version.js';
import { AppendedFile } from '../../../files/appended.js';
import { writeFileAtomic } from '../../../files/atomic.js';
import { RunLock, type LockUse } from '../../../training/lock.js';
import type { StudyPictures } from './pictures.js';
import { planTrials, type PlannedTrial, type StudyPlan } from './plan.js';
import type { HumanProtocol, HumanQuestion, ShownPicture, TrialAnswer, TrialDefaults } from './protocol.js';
import { HUMAN_PROTOCOLS } from './registry.js';
import { Sessions, type Session, type SessionEvent } from './sessions.js';

const STUDY = 'study.json';
const ANSWERS = 'answers.jsonl';
const FORMAT = 1;
/** More people than this are none that a link was given to. */
const MOST_PARTICIPANTS = 1000;

const ASKED: LockUse = {
  doing: 'another server asks people there',
  expected: 'a folder that no other server writes answers to',
  fix: 'end that one (Ctrl-C loses no answer), or name another folder with --output',
};

/** What a study is, as its folder keeps it. */
export interface StudySettings extends StudyPlan, TrialDefaults {
  readonly protocol: string;
  /** The size at which all pictures are shown. */
  readonly size: readonly [width: number, height: number];
  /** The hash of the pictures. */
  readonly pictures: string;
  /** Where the pictures came from, for people. */
  readonly source: Readonly<Record<string, string>>;
}

/** A trial as a page gets it. */
export interface ShownTrial {
  /** From 0 on, and how many there are. */
  readonly trial: number;
  readonly of: number;
  readonly practice: boolean;
  readonly pictures: readonly { readonly id: string; readonly caption?: string | undefined; readonly fixed?: boolean | undefined }[];
  readonly size: readonly [width: number, height: number];
  /** Seconds for which the pictures are shown; 0 where they stay. */
  readonly exposure: number;
  readonly questions: readonly HumanQuestion[];
}

/** What a page says of a trial. */
export interface SentAnswer {
  readonly trial: number;
  /** By the names of the questions: the place of a picture from the left, or a number. */
  readonly answer: Readonly<Record<string, number>>;
  readonly exposed: number;
  readonly thought: number;
}

/** What comes of an answer: refused where it is none, or no trial's turn; for practice what was right. */
export type Answered = 'refused' | 'early' | { readonly feedback?: { readonly right: boolean; readonly text: string } };

/** A study that is open for answers: each is on the disk before anybody is told so. One process at a time has its folder. */
export class Study {
  readonly sessions = new Sessions();
  /** Makes the names of pictures, which say nothing. */
  readonly #secret = randomBytes(32);
  #isOpen = true;
  readonly #plans = new Map<number, readonly PlannedTrial[]>();

  private constructor(
    readonly protocol: HumanProtocol,
    readonly settings: StudySettings,
    private readonly pictures: StudyPictures,
    private readonly file: AppendedFile,
    private readonly lock: RunLock,
  ) {}

  /**
   * Opens the folder of a study, which is begun there or goes on.
   *
   * @throws RUN_IN_USE while another process has it; INVALID_ARGUMENT where another study was begun there; DATA_UNREADABLE for answers that
   *   are damaged; WRITE_FAILED
   */
  static async open(folder: string, protocol: HumanProtocol, settings: StudySettings, pictures: StudyPictures): Promise<Study> {
    const lock = await RunLock.take(folder, ASKED);
    let file: AppendedFile | undefined;
    try {
      const begun = existsSync(join(folder, STUDY));
      if (begun) expectSame(folder, (await readStudy(folder)).settings, settings);
      else await expectEmpty(folder);
      const path = join(folder, ANSWERS);
      const events = await readEvents(path, true);
      file = new AppendedFile(path);
      // Writing the settings puts the names of both files on the disk.
      if (!begun)
        await writeFileAtomic(
          join(folder, STUDY),
          `${JSON.stringify({ format: FORMAT, version: LIBRARY_VERSION, ...settings }, null, 2)}\n`,
        );
      const study = new Study(protocol, settings, pictures, file, lock);
      replay(path, events, study.sessions);
      return study;
    } catch (error) {
      file?.close();
      await lock.release();
      throw error;
    }
  }

  /** Begins the session of a participant, or finds the one that the key began. @returns undefined where there are too many */
  join(key: string): Session | undefined {
    const hashed = hashOf(key);
    if (!this.sessions.ofKey(hashed) && this.sessions.all.length >= MOST_PARTICIPANTS) return undefined;
    if (!this.sessions.ofKey(hashed)) this.#keep({ event: 'joined', participant: this.sessions.all.length + 1, key: hashed, at: now() });
    return this.sessions.ofKey(hashed);
  }

  /** The session that a key began. */
  sessionOf(key: string): Session | undefined {
    return this.sessions.ofKey(hashOf(key));
  }

  /** The trial at hand of a participant; undefined after the last. */
  trial({ participant, answers }: Session): ShownTrial | undefined {
    const plan = this.#planOf(participant);
    const planned = plan[answers.length];
    if (planned === undefined) return undefined;
    const shown = new Map(this.protocol.pictures.map((picture): [string, ShownPicture] => [picture.source, picture]));
    return {
      ...{ trial: answers.length, of: plan.length, practice: planned.practice, size: this.settings.size },
      pictures: planned.places.map((source, place) => ({
        id: this.#idOf(participant, answers.length, place),
        caption: shown.get(source)!.caption,
        fixed: shown.get(source)!.fixed,
      })),
      ...{ exposure: this.settings.exposure, questions: this.protocol.questions },
    };
  }

  /** A picture of the trial at hand, by its id. */
  picture({ participant, answers }: Session, id: string): Uint8Array | undefined {
    const planned = this.#planOf(participant)[answers.length];
    const place = planned?.places.findIndex((_, at) => this.#idOf(participant, answers.length, at) === id) ?? -1;
    const source = planned?.places[place];
    return source && this.pictures.files[source]![source === 'real' ? planned!.real : planned!.made];
  }

  /** Notes that the pictures of a trial are about to be shown. @returns whether it is that trial's turn */
  shown({ participant, answers }: Session, trial: unknown): boolean {
    if (trial !== answers.length || this.#planOf(participant)[answers.length] === undefined) return false;
    this.#keep({ event: 'shown', participant, trial: answers.length, at: now() });
    return true;
  }

  /** Keeps an answer. One that is sent twice counts once: the first stands. @throws WRITE_FAILED, with nothing kept */
  answer(session: Session, sent: SentAnswer): Answered {
    const { participant, answers } = session;
    const earlier = answers[sent.trial];
    if (earlier) return this.#feedback(earlier.practice, earlier.answer);
    const planned = this.#planOf(participant)[sent.trial];
    if (planned === undefined) return 'refused';
    if (sent.trial !== answers.length) return 'early';
    const answer = answerOf(this.protocol, planned, sent.answer);
    if (answer === undefined || !isDuration(sent.exposed) || !isDuration(sent.thought)) return 'refused';
    const { made, real } = this.settings;
    this.#keep({
      ...{ event: 'answered', participant, trial: sent.trial, practice: planned.practice },
      ...{ made: made[planned.made]!, real: real[planned.real]!, places: planned.places, answer },
      ...{ exposed: Math.round(sent.exposed), thought: Math.round(sent.thought), at: now() },
    });
    return this.#feedback(planned.practice, answer);
  }

  /** Lets go of the folder. */
  async close(): Promise<void> {
    this.#isOpen = false;
    this.file.close();
    await this.lock.release();
  }

  /** Appends an event and waits for the disk, before anybody can see it. */
  #keep(event: SessionEvent): void {
    if (!this.#isOpen) throw new ShadegradError('WRITE_FAILED', 'The study is closed', { fix: 'open it again' });
    this.file.append(Buffer.from(`${JSON.stringify(event)}\n`));
    this.file.flush();
    this.sessions.apply(event);
  }

  #feedback(practice: boolean, answer: TrialAnswer): Exclude<Answered, string> {
    const feedback = practice ? this.protocol.feedback?.(answer) : undefined;
    return { ...(feedback && { feedback }) };
  }

  #planOf(participant: number): readonly PlannedTrial[] {
    const plan = this.#plans.get(participant) ?? planTrials(this.protocol, this.settings, participant);
    this.#plans.set(participant, plan);
    return plan;
  }

  #idOf(participant: number, trial: number, place: number): string {
    return createHmac('sha256', this.#secret).update(`${participant} ${trial} ${place}`).digest('base64url').slice(0, 22);
  }
}

const now = (): string => new Date().toISOString();
const hashOf = (key: string): string => createHash('sha256').update(key).digest('hex');
const isDuration = (value: unknown): boolean => typeof value === 'number' && value >= 0 && value < 1e9;

/** What a page's answer means; undefined where it is none. */
function answerOf({ questions, pictures }: HumanProtocol, { places }: PlannedTrial, sent: SentAnswer['answer']): TrialAnswer | undefined {
  const first = pictures.filter(({ fixed }) => fixed).length;
  if (Object.keys(sent).length !== questions.length) return undefined;
  const answer: Record<string, TrialAnswer[string]> = {};
  for (const question of questions) {
    const value = Object.hasOwn(sent, question.name) ? sent[question.name] : undefined;
    const [least, most] = question.kind === 'picture' ? [first, places.length - 1] : [question.least, question.most];
    if (!Number.isInteger(value) || value! < least || value! > most) return undefined;
    answer[question.name] = question.kind === 'picture' ? places[value!]! : value!;
  }
  return answer;
}

/**
 * Reads a study and its answers, whether or not a server is at work on it.
 *
 * @throws DATA_NOT_FOUND, DATA_UNREADABLE
 */
export async function readStudy(
  folder: string,
): Promise<{ readonly protocol: HumanProtocol; readonly settings: StudySettings; readonly sessions: Sessions }> {
  const path = join(folder, STUDY);
  const text = await nodeFiles.readFile(path, 'utf8').catch((cause: unknown) => {
    throw new ShadegradError('DATA_NOT_FOUND', `There is no study in ${printableName(folder)}`, {
      expected: `the folder that --output named, with ${STUDY} and ${ANSWERS}`,
      fix: 'check the path',
      cause,
    });
  });
  const { format, version: _, ...settings } = parsed(path, text) as unknown as StudySettings & { format: number; version: string };
  const protocol = HUMAN_PROTOCOLS.find(({ name }) => name === settings.protocol);
  if (format !== FORMAT || protocol === undefined) {
    throw new ShadegradError('DATA_UNREADABLE', `${printableName(path)} is of no study that this version knows`, {
      expected: `format ${FORMAT}, and one of the protocols ${HUMAN_PROTOCOLS.map(({ name }) => name).join(', ')}`,
      received: `format ${String(format)}, protocol ${String(settings.protocol)}`,
      fix: 'read it with the version that wrote it, or a later one',
    });
  }
  const sessions = new Sessions();
  const answers = join(folder, ANSWERS);
  replay(answers, await readEvents(answers, false), sessions);
  return { protocol, settings, sessions };
}

/** The events of a file. A last line that is cut short was told nobody: it is left out. @param mends whether it is cut off */
async function readEvents(path: string, mends: boolean): Promise<SessionEvent[]> {
  const bytes = await nodeFiles.readFile(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return Buffer.alloc(0);
    throw new ShadegradError('DATA_UNREADABLE', `${printableName(path)} cannot be read`, {
      expected: 'the answers of the study',
      received: `${cause.code ?? String(cause)} from the file system`,
      fix: 'check that you may read it',
      cause,
    });
  });
  const end = bytes.lastIndexOf(0x0a) + 1;
  if (mends && end < bytes.length) await nodeFiles.truncate(path, end);
  const lines = bytes.subarray(0, end).toString().split('\n').slice(0, -1);
  return lines.map((line, at) => parsed(`${path}, line ${at + 1}`, line) as unknown as SessionEvent);
}

function replay(path: string, events: readonly SessionEvent[], sessions: Sessions): void {
  for (const [at, event] of events.entries()) {
    if (!sessions.fits(event)) throw damaged(`${path}, line ${at + 1}`, 'what does not follow on the lines before');
    sessions.apply(event);
  }
}

function parsed(where: string, text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Said below.
  }
  if (typeof value !== 'object' || value === null) throw damaged(where, 'no JSON object');
  return value as Record<string, unknown>;
}

const damaged = (where: string, received: string): ShadegradError =>
  new ShadegradError('DATA_UNREADABLE', `${printableName(where)} is damaged`, {
    expected: 'what shadegrad evaluate --human has written',
    received,
    fix: 'put back the file as it was, or begin in another folder (--output DIR)',
  });

/** @throws INVALID_ARGUMENT for a folder that holds another study */
function expectSame(folder: string, kept: StudySettings, wanted: StudySettings): void {
  const other = (Object.keys(wanted) as (keyof StudySettings)[]).filter(
    (name) => name !== 'source' && JSON.stringify(kept[name]) !== JSON.stringify(wanted[name]),
  );
  if (other.length === 0) return;
  const shown = (settings: StudySettings, name: keyof StudySettings): string =>
    name === 'made' || name === 'real' ? `${settings[name].length} names` : JSON.stringify(settings[name]);
  throw new ShadegradError('INVALID_ARGUMENT', `${printableName(folder)} holds a study that was begun otherwise`, {
    expected: `as it was begun: ${other.map((name) => `${name} ${shown(kept, name)}`).join(', ')}`,
    received: other.map((name) => `${name} ${shown(wanted, name)}`).join(', '),
    fix: 'give the flags and pictures of before, or name another folder (--output DIR)',
  });
}

/** @throws INVALID_ARGUMENT for answers whose study is missing */
async function expectEmpty(folder: string): Promise<void> {
  const size = await nodeFiles.stat(join(folder, ANSWERS)).then(
    (stats) => stats.size,
    () => 0,
  );
  if (size === 0) return;
  throw new ShadegradError('INVALID_ARGUMENT', `${printableName(folder)} holds answers without their ${STUDY}`, {
    expected: 'an empty folder, or that of a study',
    received: ANSWERS,
    fix: 'name another folder (--output DIR)',
  });
}
