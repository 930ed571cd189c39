/** The script of the page of a study. It runs in a browser. */
import type { HumanQuestion } from './protocol.js';
import type { SentAnswer, ShownTrial } from './study.js';

/** What is between two trials, in milliseconds: never longer than the pictures are seen. */
const PAUSE_MS = 500;
const RETRY_MS = 1000;
/** Side of the squares of a mask, in pixels of the picture. */
const MASK_SQUARE = 8;
/** Smaller pictures are enlarged to it, in pixels of the page. */
const LEAST_SIDE = 192;
const STORE = 'shadegrad-study';
const LEFT = new Set(['f', 'arrowleft']);
const RIGHT = new Set(['j', 'arrowright']);

const FAILED = ['Something went wrong', 'Load this page again: your answers are kept, and you go on where you were.'] as const;
const REFUSALS: Readonly<Record<number, readonly [title: string, text: string]>> = {
  401: ['This link is not valid', 'Ask for a new one.'],
  403: ['Nobody else can take part', 'As many people as there may be have begun already.'],
};

const at = <E extends HTMLElement = HTMLElement>(id: string): E => document.getElementById(id) as E;

function element<K extends keyof HTMLElementTagNameMap>(name: K, text = '', className = ''): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  if (text !== '') made.textContent = text;
  if (className !== '') made.className = className;
  return made;
}

interface Known {
  /** What the link holds. */
  readonly join: string;
  /** By which the server knows this participant again. */
  readonly key?: string;
}

/** What is known where a browser keeps nothing: it ends with the page. */
let remembered: Known | undefined;

/** What this browser knows, which outlives the page. */
function readKnown(): Known | undefined {
  try {
    return JSON.parse(localStorage.getItem(STORE) ?? '') as Known;
  } catch {
    return remembered;
  }
}
function keep(known: Known): void {
  remembered = known;
  try {
    localStorage.setItem(STORE, JSON.stringify(known));
  } catch {
    // A browser that lets no page keep anything: a session lasts as long as the page.
  }
}

// The token goes out of the address at once.
const address = new URL(location.href);
const brought = address.searchParams.get('join');
if (brought !== null) {
  if (readKnown()?.join !== brought) keep({ join: brought });
  address.searchParams.delete('join');
  history.replaceState(null, '', address);
}

class Refused extends Error {
  constructor(readonly status: number) {
    super(`refused with ${status}`);
  }
}

const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Asks the server, again and again while it is not there. @throws Refused */
async function ask(path: string, bearer: string, body?: object): Promise<Response> {
  for (;;) {
    let response: Response | undefined;
    try {
      const how = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
      response = await fetch(path, { ...how, headers: { authorization: `Bearer ${bearer}` }, cache: 'no-store' });
    } catch {
      // Said below.
    }
    if (response?.ok) {
      if (at('said').className === 'lost') say('');
      return response;
    }
    if (response !== undefined && response.status < 500) throw new Refused(response.status);
    say(response?.status === 507 ? await response.text() : 'The server does not answer. Nothing is lost; the page tries again.', 'lost');
    await wait(RETRY_MS);
  }
}
const askFor = async <Result>(path: string, bearer: string, body?: object): Promise<Result> =>
  (await (await ask(path, bearer, body)).json()) as Result;

function say(text: string, className = ''): void {
  at('said').textContent = text;
  at('said').className = className;
}

/** Waits for a press of a button, or of a key that stands for it. */
function pressed(button: HTMLElement): Promise<void> {
  button.hidden = false;
  button.focus({ preventScroll: true });
  return new Promise((resolve) => {
    button.addEventListener(
      'click',
      () => {
        button.hidden = true;
        resolve();
      },
      { once: true },
    );
  });
}

function showText(title: string, paragraphs: readonly string[]): void {
  at('title').textContent = title;
  document.title = title;
  at('text').replaceChildren(...paragraphs.map((text) => element('p', text)));
  at('reading').hidden = false;
  at('trial').hidden = true;
}

function showProgress(done: number, { of, practice }: Pick<ShownTrial, 'of' | 'practice'>): void {
  at('progress').hidden = false;
  at('count').textContent = `${done + 1} of ${of}${practice ? ', for practice' : ''}`;
  const bar = at('progress').querySelector<HTMLElement>('.done')!;
  bar.setAttribute('aria-valuemax', String(of));
  bar.setAttribute('aria-valuenow', String(done));
  bar.querySelector('i')!.style.width = `${(100 * done) / of}%`;
}

interface Frame {
  readonly box: HTMLElement;
  readonly picture: HTMLCanvasElement;
  readonly name: string;
  /** Whether it is nothing to choose. */
  readonly fixed: boolean;
}

/** Squares of any colours, so that nothing of a picture stays before the eyes. */
function drawMask(canvas: HTMLCanvasElement): void {
  const context = canvas.getContext('2d')!;
  for (let y = 0; y < canvas.height; y += MASK_SQUARE) {
    for (let x = 0; x < canvas.width; x += MASK_SQUARE) {
      context.fillStyle = `rgb(${[0, 0, 0].map(() => Math.floor(Math.random() * 256)).join()})`;
      context.fillRect(x, y, MASK_SQUARE, MASK_SQUARE);
    }
  }
}

/** The places of the pictures, with nothing to be seen in them. */
function layFrames({ pictures, size: [width, height] }: ShownTrial): Frame[] {
  document.documentElement.style.setProperty('--columns', String(pictures.length));
  document.documentElement.style.setProperty('--ratio', String(width / height));
  document.documentElement.style.setProperty('--side', `${Math.max(width, LEAST_SIDE)}px`);
  const canvas = (): HTMLCanvasElement => Object.assign(element('canvas'), { width, height });
  const free = pictures.filter(({ fixed }) => !fixed).length;
  document.documentElement.style.setProperty('--choices', String(free));
  const frames = pictures.map(({ caption: own, fixed = false }, place): Frame & { figure: HTMLElement } => {
    const name = nameOf(place - (pictures.length - free), free, free < pictures.length);
    // Beside one that is given, left and right would not say which.
    const caption = own ?? (free < pictures.length ? name : undefined);
    const figure = element('figure');
    const box = element('div', '', 'frame waiting');
    const [picture, mask] = [canvas(), canvas()];
    picture.setAttribute('role', 'img');
    picture.setAttribute('aria-label', caption ?? name);
    mask.setAttribute('aria-hidden', 'true');
    drawMask(mask);
    box.append(picture, mask);
    if (caption !== undefined) figure.append(element('figcaption', caption));
    figure.append(box);
    return { figure, box, picture, name, fixed };
  });
  at('pictures').classList.toggle('many', frames.length > 2);
  at('pictures').replaceChildren(...frames.map(({ figure }) => figure));
  return frames;
}

/** What a picture is called among those to choose between. */
const nameOf = (place: number, count: number, lettered: boolean): string =>
  count !== 2 ? `Picture ${place + 1}` : (lettered ? ['A', 'B'] : ['Left', 'Right'])[place]!;

/** Waits for the next picture of the screen. */
const nextFrame = (): Promise<number> => new Promise((resolve) => requestAnimationFrame(() => resolve(performance.now())));

/** Waits until somebody can see the page. */
const visible = (): Promise<void> =>
  new Promise((resolve) => {
    const look = (): void => {
      if (document.visibilityState !== 'visible') return;
      document.removeEventListener('visibilitychange', look);
      resolve();
    };
    document.addEventListener('visibilitychange', look);
    look();
  });

/** Shows pictures that lie drawn in their places. @returns for how many milliseconds, and when that began */
async function expose(frames: readonly Frame[], seconds: number): Promise<{ exposed: number; began: number }> {
  await visible();
  await nextFrame();
  for (const { box } of frames) box.className = 'frame';
  // What is changed before a frame is to be seen with it: the time runs from there.
  const began = await nextFrame();
  if (seconds === 0) return { exposed: 0, began };
  let now = began;
  while (now - began < seconds * 1000) now = await nextFrame();
  for (const { box } of frames) box.className = 'frame covered';
  return { exposed: now - began, began };
}

/** Asks for one of the pictures: a press is the answer. */
function choose({ name, text }: HumanQuestion, frames: readonly Frame[]): Promise<SentAnswer['answer']> {
  const sides = element('div', '', 'sides');
  at('questions').replaceChildren(element('p', text), sides);
  return new Promise((resolve) => {
    const done = new AbortController();
    const { signal } = done;
    const free = frames.filter(({ fixed }) => !fixed);
    const chosen = (place: number): void => {
      done.abort();
      for (const button of sides.querySelectorAll('button')) button.disabled = true;
      sides.children[place]!.setAttribute('aria-pressed', 'true');
      resolve({ [name]: frames.indexOf(free[place]!) });
    };
    for (const [place, { box, name: title }] of free.entries()) {
      const button = element('button', title);
      button.type = 'button';
      if (free.length === 2) button.append(element('small', place === 0 ? 'F or \u2190' : 'J or \u2192'));
      else button.append(element('small', String(place + 1)));
      for (const pressable of [button, box]) pressable.addEventListener('click', () => chosen(place), { signal });
      sides.append(button);
    }
    const onKey = (event: KeyboardEvent): void => {
      if (event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
      const key = event.key.toLowerCase();
      const place = free.length === 2 ? (LEFT.has(key) ? 0 : RIGHT.has(key) ? 1 : -1) : Number(key) - 1;
      if (!(place in free)) return;
      event.preventDefault();
      chosen(place);
    };
    document.addEventListener('keydown', onKey, { signal });
  });
}

/** Asks for numbers, or for pictures among others: the form is sent when all are there. */
function fill(questions: readonly HumanQuestion[], frames: readonly Frame[]): Promise<SentAnswer['answer']> {
  const fields = questions.map((question) => {
    const field = element('fieldset');
    const fixed = frames.filter((frame) => frame.fixed).length;
    const [least, most] = question.kind === 'scale' ? [question.least, question.most] : [fixed, frames.length - 1];
    const scale = element('div', '', 'scale');
    scale.style.setProperty('--steps', String(most - least + 1));
    for (let value = least; value <= most; value++) {
      const label = element('label', question.kind === 'scale' ? String(value) : frames[value]!.name);
      label.prepend(Object.assign(element('input'), { type: 'radio', name: question.name, value: String(value), required: true }));
      scale.append(label);
    }
    field.append(element('legend', question.text), scale);
    if (question.kind === 'scale') {
      const ends = element('div', '', 'ends');
      ends.append(element('span', `${least}: ${question.low}`), element('span', `${most}: ${question.high}`));
      field.append(ends);
    }
    field.addEventListener('keydown', ({ key }) => {
      const checked = field.querySelector<HTMLInputElement>('input:checked')?.value;
      // The second digit of a number: 1, then 0.
      const value = checked !== undefined && Number(checked + key) <= most && checked !== '0' ? checked + key : key;
      const input = /^\d$/.test(key) ? field.querySelector<HTMLInputElement>(`input[value="${value}"]`) : null;
      if (!input) return;
      input.checked = true;
      input.focus();
      input.dispatchEvent(new Event('change', { bubbles: true }));
    });
    return field;
  });
  at('questions').replaceChildren(...fields, element('p', 'Digits choose, Tab goes on to the next, Enter sends.', 'hint'));
  const form = at<HTMLFormElement>('trial');
  const send = at<HTMLButtonElement>('send');
  send.hidden = false;
  send.disabled = true;
  fields[0]?.querySelector('input')?.focus({ preventScroll: true });
  return new Promise((resolve) => {
    const done = new AbortController();
    const { signal } = done;
    form.addEventListener('change', () => (send.disabled = !form.checkValidity()), { signal });
    form.addEventListener(
      'submit',
      () => {
        done.abort();
        send.hidden = true;
        const values = new FormData(form);
        resolve(Object.fromEntries(questions.map(({ name }) => [name, Number(values.get(name))])));
      },
      { signal },
    );
  });
}

/** Runs a trial, up to where the server has its answer. */
async function run(trial: ShownTrial, key: string): Promise<void> {
  showProgress(trial.trial, trial);
  at('reading').hidden = true;
  at('trial').hidden = false;
  at('questions').replaceChildren();
  const frames = layFrames(trial);
  const [bitmaps] = await Promise.all([
    Promise.all(trial.pictures.map(async ({ id }) => createImageBitmap(await (await ask(`/pictures/${id}`, key)).blob()))),
    wait(trial.exposure > 0 ? Math.min(PAUSE_MS, trial.exposure * 1000) : 0),
  ]);
  // Decoded and drawn, all of them, before any is to be seen.
  for (const [place, bitmap] of bitmaps.entries()) {
    frames[place]!.picture.getContext('2d')!.drawImage(bitmap, 0, 0);
    bitmap.close();
  }
  await ask('/shown', key, { trial: trial.trial });
  const { exposed, began } = await expose(frames, trial.exposure);
  const from = trial.exposure > 0 ? performance.now() : began;
  const [only, ...others] = trial.questions;
  const single = only?.kind === 'picture' && others.length === 0;
  const answer = await (single ? choose(only, frames) : fill(trial.questions, frames));
  const thought = performance.now() - from;
  const sent: SentAnswer = { trial: trial.trial, answer, exposed: trial.exposure > 0 ? exposed : thought, thought };
  const { feedback } = await askFor<{ feedback?: { right: boolean; text: string } }>('/answer', key, sent);
  if (!feedback) return;
  say(feedback.text, feedback.right ? 'right' : 'wrong');
  await pressed(at('go'));
  say('');
}

/** The key of this browser; undefined until somebody has begun. */
async function begin(join: string, known: Known): Promise<string> {
  const { title, introduction } = await askFor<{ title: string; introduction: string[] }>('/study', join);
  const again = known.key !== undefined;
  showText(title, again ? ['You have begun already, and go on where you were.', ...introduction] : introduction);
  at('begin').textContent = again ? 'Go on' : 'Begin';
  await pressed(at('begin'));
  const key =
    known.key ??
    btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(24))))
      .replace(/\+/g, '-')
      .replace(/\//g, '_');
  // Before the server knows it: an answer of the server that is lost makes nobody a second participant.
  keep({ join, key });
  await ask('/join', join, { key });
  return key;
}

async function start(): Promise<void> {
  const known = readKnown();
  if (known === undefined) return showText('A link is needed', ['Open the link that you were sent.']);
  try {
    const isOver = known.key !== undefined && 'ended' in (await askFor<object>('/trial', known.key).catch(() => ({})));
    const key = isOver ? known.key! : await begin(known.join, known);
    for (;;) {
      const trial = await askFor<ShownTrial | { ended: true }>('/trial', key);
      if ('ended' in trial) break;
      await run(trial, key).catch((error: unknown) => {
        // Another page of this participant was faster: the server knows which trial is next.
        if (!(error instanceof Refused) || (error.status !== 409 && error.status !== 404)) throw error;
      });
    }
    at('progress').hidden = true;
    showText('Thank you', ['That was all. Every answer is kept; you can close this page.']);
  } catch (error) {
    at('progress').hidden = true;
    const [title, text] = (error instanceof Refused && REFUSALS[error.status]) || FAILED;
    showText(title, [text]);
  }
}

at('trial').addEventListener('submit', (event) => event.preventDefault());
void start();
