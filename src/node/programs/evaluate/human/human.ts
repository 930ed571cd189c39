import { randomBytes } from 'node:crypto';
import { promises as nodeFiles } from 'node:fs';
import { join, resolve } from 'node:path';
import { ShadegradError } from '../../../../errors.js';
import { oneLine, printableName } from '../../../../formats/names.js';
import { reportError } from '../../run-main.js';
import { formatCountOf } from '../../../../formats/words.js';
import { remark } from '../../../terminal/remarks.js';
import { Interrupt } from '../../../training/interrupt.js';
import { StatusLine } from '../../../training/status-line.js';
import type { EvaluateFlags } from '../flags.js';
import { INPUT_PAIRS, remarksOnPairs } from '../folders.js';
import { drawExamples, filesOfFolders, filesOfTest, type StudyFiles } from './examples.js';
import { HUMAN_FLAGS } from './flags.js';
import { readPictures } from './pictures.js';
import type { HumanProtocol } from './protocol.js';
import { HUMAN_PROTOCOLS } from './registry.js';
import { tellResults, type StudyResults } from './results.js';
import { HumanServer, type StudyLinks } from './server.js';
import type { Session } from './sessions.js';
import { readStudy, Study, type StudySettings } from './study.js';

/** Examples that are read unless told otherwise: all of them are in memory. */
const MOST_EXAMPLES = 200;
const LINKS = 'links.json';
const MOST_SIDE = 4096;
/** Flags that `evaluate` has without --human, too, and that mean something with it. */
const SHARED = ['run', 'made', 'real', 'half', 'input', 'input-half', 'count', 'seed', 'output', 'csv', 'json', 'quiet', 'options'];
const OWN: readonly string[] = HUMAN_FLAGS.map(({ name }) => name);
/** What means something where results are printed and nobody is asked. */
const OF_RESULTS = ['human', 'results', 'incomplete', 'seed', 'csv', 'json', 'quiet', 'options'];

/**
 * Runs `shadegrad evaluate --human`: serves the page of a study until Ctrl-C, or prints what people said in one.
 *
 * @param runs the operands: a run, or the folder of its test
 * @returns the exit status, 0
 * @throws ShadegradError for whatever the user can mend
 */
export async function evaluateByPeople(flags: EvaluateFlags, given: ReadonlySet<string>, runs: readonly string[]): Promise<number> {
  const protocol = HUMAN_PROTOCOLS.find(({ name }) => name === flags.protocol)!;
  checkTogether(flags, given, runs);
  const told = { incomplete: flags.incomplete, seed: flags.seed, json: flags.json, csv: flags.csv };
  if (flags.results !== undefined) {
    const { sessions, ...study } = await readStudy(flags.results);
    await tellResults(flags.results, { ...study, sessions: sessions.all }, told);
    return 0;
  }
  const folder = flags.output ?? join(runs[0]!, 'human');
  const links = await readLinks(folder);
  const line = new AnswersLine();
  // Whether there is a port is known before anything is read or written.
  const server = await HumanServer.open({
    ...{ links, port: flags.port, host: flags.host },
    onAnswer: (session) => line.answered(session),
    onFailure: (error) => void reportError(error),
  });
  let study: Study | undefined;
  try {
    study = await openStudy(folder, protocol, flags, runs);
    line.study = study;
    server.show(study);
    await serve(folder, { study, server, links, line }, flags);
    await server.close();
    const results: StudyResults = { protocol, settings: study.settings, sessions: study.sessions.all };
    await tellResults(folder, results, told);
  } finally {
    await server.close();
    await study?.close();
  }
  return 0;
}

/** @throws BAD_FLAG for flags that mean nothing with `--human`, or without it */
export function checkHuman(flags: EvaluateFlags, given: ReadonlySet<string>): void {
  const strange = [...given].find((name) => (flags.human ? !OWN.includes(name) && !SHARED.includes(name) : OWN.includes(name)));
  if (strange === undefined) return;
  throw new ShadegradError('BAD_FLAG', `--${strange} ${flags.human ? 'means nothing with' : 'is for'} --human`, {
    expected: flags.human ? 'what pictures to show, and how' : '--human with it',
    received: flags.human ? 'a flag of metrics or runs' : 'metrics to measure',
    fix: flags.human ? `leave out --${strange}` : `add --human, or leave out --${strange}`,
  });
}

function checkTogether(flags: EvaluateFlags, given: ReadonlySet<string>, runs: readonly string[]): void {
  const refuse = (what: string, expected: string, received: string, fix: string): never => {
    throw new ShadegradError('BAD_FLAG', what, { expected, received, fix });
  };
  const { made, real } = flags;
  if (flags.results !== undefined) {
    const other = [...given].find((name) => !OF_RESULTS.includes(name)) ?? (runs.length > 0 ? runs[0] : undefined);
    if (other !== undefined)
      refuse('--results asks nobody', '--results DIR alone', `${oneLine(other, 40)} beside it`, 'leave out one of the two');
    return;
  }
  const usage = 'write npx shadegrad evaluate --human --made DIR --real DIR --output DIR';
  const folders = made !== undefined || real !== undefined || flags.input !== undefined;
  if (runs.length > 1) refuse('More than one run is named', 'the folder of one run', runs.join(' '), usage);
  if (runs.length === 0 && !folders)
    refuse('There is nothing to show', 'a run that was tested, or two folders of pictures', 'neither', usage);
  if (runs.length > 0 && folders) refuse('A run and folders are named', 'one of the two', `${runs[0]!} and folders`, usage);
  if (folders && (made === undefined || real === undefined))
    refuse(`--${made === undefined ? 'made' : 'real'} is missing`, 'two folders of pictures', 'one', usage);
  if (folders && resolve(made!) === resolve(real!))
    refuse('--made and --real are one folder', 'made pictures, and real ones', `${oneLine(made!, 40)} as both`, 'name the other folder');
  if (folders && flags.output === undefined) refuse('--output is missing', 'a folder for the answers', 'none', usage);
  if (flags['input-half'] !== undefined && flags.input === undefined)
    refuse('--input-half is for --input', '--input DIR with it', 'no --input', 'leave out --input-half');
  if (!folders && flags.half !== undefined) refuse('--half is for folders', '--made and --real with it', 'a run', 'leave out --half');
  const { name, pictures } = HUMAN_PROTOCOLS.find((each) => each.name === flags.protocol)!;
  const needsInput = pictures.some(({ source }) => source === 'input');
  if (folders && needsInput && flags.input === undefined)
    refuse(`--protocol ${name} shows what was given`, '--input DIR', 'no such folder', 'name it: --input DIR');
  if (!needsInput && flags.input !== undefined)
    refuse(
      `--protocol ${name} does not show what was given`,
      'no --input',
      `--input ${oneLine(flags.input, 40)}`,
      `leave it out, or choose another protocol: ${withInput()}`,
    );
  if (needsInput && flags.unpaired)
    refuse(`--protocol ${name} compares pictures of one example`, 'no --unpaired', '--unpaired', 'leave it out');
}

/** The protocols that show what was given. */
const withInput = (): string =>
  HUMAN_PROTOCOLS.filter(({ pictures }) => pictures.some(({ source }) => source === 'input'))
    .map(({ name }) => `--protocol ${name}`)
    .join(', ');

/** Reads the pictures, and opens the folder for answers. */
async function openStudy(folder: string, protocol: HumanProtocol, flags: EvaluateFlags, runs: readonly string[]): Promise<Study> {
  const { practice = protocol.defaults.practice, trials = protocol.defaults.trials, exposure = protocol.defaults.exposure } = flags;
  const { seed, unpaired, half, 'input-half': inputHalf } = flags;
  const size = flags.size === undefined ? undefined : sidesOf(flags.size);
  const needsInput = protocol.pictures.some(({ source }) => source === 'input');
  const { made, real, input } = flags;
  const all =
    runs.length > 0 ? await filesOfTest(runs[0]!, needsInput) : await filesOfFolders({ made: made!, real: real!, input, unpaired });
  const files = withoutRest(drawExamples(all, flags.count ?? Math.max(MOST_EXAMPLES, practice + trials), seed, unpaired), needsInput);
  expectEnough(files, practice + trials, unpaired);
  const line = new StatusLine();
  for (const each of await remarksOnPairs(files.made[0]?.path, files.real[0]?.path, half)) remark(each);
  if (runs.length === 0) await expectNoPairs(files, inputHalf);
  const onPicture = (done: number, total: number): void => line.show(`pictures read: ${done} of ${total}`);
  const pictures = await readPictures(files, size, onPicture, { half, inputHalf }).finally(() => line.end());
  if (pictures.resized) remark(`all pictures are shown at ${pictures.width} x ${pictures.height} pixels (--size)`);
  if (pictures.stretched > 0) {
    remark(`${formatCountOf(pictures.stretched, 'picture')} of other proportions will be stretched or squeezed, which people may see`);
  }
  const settings: StudySettings = {
    ...{ protocol: protocol.name, practice, trials, exposure, unpaired, seed },
    ...{ made: files.made.map(({ name }) => name), real: files.real.map(({ name }) => name) },
    ...{ size: [pictures.width, pictures.height], pictures: pictures.hash },
    source:
      runs.length > 0
        ? { run: resolve(runs[0]!) }
        : { made: made!, real: real!, ...(half && { half }), ...(input !== undefined && { input }), ...(inputHalf && { inputHalf }) },
  };
  return Study.open(folder, protocol, settings, pictures);
}

/** @throws BAD_FLAG where what was given looks like side-by-side pairs: a whole one shows the answer */
async function expectNoPairs({ made, input }: StudyFiles, half: EvaluateFlags['input-half']): Promise<void> {
  const [said] = await remarksOnPairs(made[0]?.path, input?.[0]?.path, half, INPUT_PAIRS);
  if (said === undefined) return;
  throw new ShadegradError('BAD_FLAG', 'The pictures of --input look like side-by-side pairs, which show the answer', {
    expected: 'what was given alone, in the proportions of the made pictures',
    received: `${printableName(input![0]!.path)}, twice as wide for its height as ${printableName(made[0]!.path)}`,
    fix: 'say which half was given: --input-half left or --input-half right; or --input-half whole, if they are no pairs',
  });
}

const withoutRest = ({ input, ...files }: StudyFiles, needsInput: boolean): StudyFiles =>
  needsInput && input ? { ...files, input } : files;

/** @throws BAD_FLAG where there are fewer pictures than trials: none is shown twice to anybody */
function expectEnough({ made, real }: StudyFiles, trials: number, unpaired: boolean): void {
  const least = Math.min(made.length, real.length);
  if (least >= trials && (!unpaired || least > 1)) return;
  throw new ShadegradError('BAD_FLAG', `There are not enough pictures for ${formatCountOf(trials, 'trial')}`, {
    expected: `${Math.max(trials, unpaired ? 2 : 1)} examples or more: nobody sees a picture twice`,
    received: formatCountOf(least, 'example'),
    fix: 'ask less of each participant (--practice N --trials N), or add pictures',
  });
}

/** @throws BAD_FLAG */
function sidesOf(text: string): [width: number, height: number] {
  const [, width, height = width] = /^(\d{1,4})(?:x(\d{1,4}))?$/.exec(text) ?? [];
  const sides: [number, number] = [Number(width), Number(height)];
  if (sides.every((side) => side >= 1 && side <= MOST_SIDE)) return sides;
  throw new ShadegradError('BAD_FLAG', 'Bad value for --size', {
    expected: `a side in pixels up to ${MOST_SIDE}, or WIDTHxHEIGHT`,
    received: oneLine(text, 40),
    fix: 'write --size 256 or --size 512x256',
  });
}

/** How far people are, in a line of the terminal. */
class AnswersLine {
  study: Study | undefined;
  private readonly line = new StatusLine();

  answered({ participant, answers }: Session): void {
    const { settings, sessions } = this.study!;
    const of = settings.practice + settings.trials;
    const finished = sessions.all.filter((session) => session.answers.length >= of).length;
    this.line.show(`participant ${participant}: ${answers.length} of ${of}; ${finished} of ${sessions.all.length} finished`);
  }

  end(): void {
    this.line.end();
  }
}

/** What is served: the study, by a server that has its port, at links that are kept. */
interface Served {
  readonly study: Study;
  readonly server: HumanServer;
  readonly links: StudyLinks;
  readonly line: AnswersLine;
}

/** Serves the page until the user ends it. */
async function serve(folder: string, { study: { sessions }, server, links, line }: Served, flags: EvaluateFlags): Promise<void> {
  let interrupt: Interrupt | undefined;
  try {
    await writeLinks(folder, { ...links, port: server.port });
    // The links are what the program is called for: --quiet leaves them.
    for (const link of server.participantLinks) console.error(`for participants: ${link}`);
    console.error(`for you alone, the results so far: ${server.resultsLink}`);
    if (flags.host !== undefined)
      console.error('note: others on this network reach the page, and what is sent is not encrypted; give them the first link alone');
    if (sessions.all.length > 0) remark(`${formatCountOf(sessions.all.length, 'session')} of before: they go on where they were`);
    remark(`answers: ${printableName(join(folder, 'answers.jsonl'))}; Ctrl-C ends the server and prints the results`);
    await new Promise<void>((done) => {
      interrupt = new Interrupt(done);
    });
  } finally {
    interrupt?.dispose();
    line.end();
  }
}

const isPort = (value: unknown): value is number => Number.isInteger(value) && (value as number) > 0 && (value as number) < 65_536;

/** What the links of a study hold, as they were, or anew. */
async function readLinks(folder: string): Promise<StudyLinks> {
  const token = (): string => randomBytes(18).toString('base64url');
  try {
    const kept = JSON.parse(await nodeFiles.readFile(join(folder, LINKS), 'utf8')) as StudyLinks;
    const isToken = (value: unknown): boolean => typeof value === 'string' && /^[\w-]{16,64}$/.test(value);
    if (isToken(kept.join) && isToken(kept.token)) {
      const { join: invitation, token: secret, port } = kept;
      return { join: invitation, token: secret, ...(isPort(port) && { port }) };
    }
  } catch {
    // There are none yet.
  }
  return { join: token(), token: token() };
}

/** Keeps the links for this user alone. What they hold is no result: without it, links are new ones. */
async function writeLinks(folder: string, links: StudyLinks): Promise<void> {
  await nodeFiles.writeFile(join(folder, LINKS), `${JSON.stringify(links, null, 2)}\n`, { mode: 0o600 });
}
