// node scripts/architecture.js: draws docs/architecture.svg, the rooms of src/ and the arrows between them, from the imports.
// kernels-test/house/architecture.test.ts fails when the picture is no longer that of the imports.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const PICTURE = 'docs/architecture.svg';
const BOX = { width: 232, height: 58, gapX: 28, gapY: 40 };
const MARGIN = 20;
const CAPTION_COLUMNS = 36;
const FONT = 'font-family="ui-sans-serif, system-ui, sans-serif"';

/** Every module named by an import, an export or a dynamic import, types included. */
export function importsOf(source) {
  const statements = /^(?:import|export)\b[^;'"]*?\bfrom\s*'([^'\n]+)'|\bimport\s*\(?\s*'([^'\n]+)'/gm;
  return [...source.matchAll(statements)].map((match) => match[1] ?? match[2]);
}

/** The rooms, and the rooms that each imports from. Files that lie in no room are the foundation, or list what is public. */
function readRooms(root) {
  const rooms = new Map([['shaders', new Set()]]);
  for (const name of readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })) {
    const file = posix.join('src', name.replaceAll('\\', '/'));
    const [, room, inside] = file.split('/');
    if (!file.endsWith('.ts') || inside === undefined) continue;
    const targets = rooms.get(room) ?? rooms.set(room, new Set()).get(room);
    for (const target of importsOf(readFileSync(join(root, file), 'utf8'))) {
      if (!target.startsWith('.')) continue;
      const [top, second, third] = posix.join(posix.dirname(file), target).split('/');
      if (top === 'shaders') targets.add(top);
      else if (top === 'src' && third !== undefined && second !== room) targets.add(second);
    }
  }
  return rooms;
}

/** All that a room reaches. */
function reach(rooms, room, seen = new Set()) {
  for (const next of rooms.get(room) ?? []) {
    if (seen.has(next)) continue;
    seen.add(next);
    reach(rooms, next, seen);
  }
  return seen;
}

/** The arrows without those that others imply: what a room's neighbours reach, it may import as well. */
function reduced(rooms) {
  const implied = (target, targets) => [...targets].some((other) => other !== target && reach(rooms, other).has(target));
  return new Map([...rooms].map(([room, targets]) => [room, [...targets].filter((target) => !implied(target, targets)).sort()]));
}

/** Floors from 0 at the bottom: each room above all that it imports, and right below the lowest that asks for it. */
function floorsOf(arrows) {
  const floors = new Map();
  const floorOf = (room) => {
    if (!floors.has(room)) floors.set(room, Math.max(-1, ...arrows.get(room).map(floorOf)) + 1);
    return floors.get(room);
  };
  for (const room of arrows.keys()) floorOf(room);
  const downwards = [...floors].sort(([, a], [, b]) => b - a);
  for (const [room] of downwards) {
    const users = usersOf(arrows, room).map((user) => floors.get(user));
    if (users.length > 0) floors.set(room, Math.min(...users) - 1);
  }
  return floors;
}

const usersOf = (arrows, room) => [...arrows].filter(([, targets]) => targets.includes(room)).map(([user]) => user);

/** What docs/architecture.md says of each room, a line each. */
function captionsOf(root) {
  const listing = /^```\nsrc\/\n([\s\S]*?)^```/m.exec(readFileSync(join(root, 'docs/architecture.md'), 'utf8'))[1];
  return new Map(
    listing.split('\n').flatMap((line) => {
      const [, names, caption] = /^ *((?:[\w-]+\/ *)+) {2,}(.*)$/.exec(line) ?? [];
      return names === undefined ? [] : names.split('/').map((name) => [name.trim(), caption]);
    }),
  );
}

/** Lines of at most so many characters. */
function wrapped(text, columns) {
  const lines = [''];
  for (const word of text.split(' ')) {
    if (`${lines.at(-1)} ${word}`.length > columns && lines.at(-1) !== '') lines.push('');
    lines[lines.length - 1] = `${lines.at(-1)} ${word}`.trim();
  }
  return lines;
}

const escaped = (text) => text.replace(/[&<>]/g, (character) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[character]);

/** The picture as SVG. @throws for a room that docs/architecture.md does not list */
export function drawRooms(root) {
  const arrows = reduced(readRooms(root));
  const floors = floorsOf(arrows);
  const captions = captionsOf(root);
  const long = [...captions.values()].filter((caption) => wrapped(caption, CAPTION_COLUMNS).length > 2);
  if (long.length > 0) throw new Error(`docs/architecture.md says more of a room than two lines hold: ${long.join('; ')}`);
  const missing = [...arrows.keys()].filter((room) => !captions.has(room));
  if (missing.length > 0) throw new Error(`docs/architecture.md lists no ${missing.join(', ')}/`);
  const top = Math.max(...floors.values());
  const storeys = Array.from({ length: top + 1 }, (_, floor) => [...arrows.keys()].filter((room) => floors.get(room) === floor).sort());
  // From the top, each room as far left or right as those that ask for it, so that few arrows cross.
  const sides = new Map();
  for (const storey of [...storeys].reverse()) {
    const sideOf = (room) => usersOf(arrows, room).reduce((sum, user, _, users) => sum + sides.get(user) / users.length, 0);
    storey.sort((a, b) => sideOf(a) - sideOf(b));
    for (const [index, room] of storey.entries()) sides.set(room, index - (storey.length - 1) / 2);
  }
  const columns = Math.max(...storeys.map((storey) => storey.length));
  const width = columns * BOX.width + (columns - 1) * BOX.gapX + 2 * MARGIN;
  const height = (top + 1) * BOX.height + top * BOX.gapY + 2 * MARGIN;
  const place = new Map(
    storeys.flatMap((storey, floor) => {
      const wide = storey.length * BOX.width + (storey.length - 1) * BOX.gapX;
      const left = (width - wide) / 2;
      const y = MARGIN + (top - floor) * (BOX.height + BOX.gapY);
      return storey.map((room, index) => [room, { x: left + index * (BOX.width + BOX.gapX), y }]);
    }),
  );
  const lines = [...arrows].flatMap(([room, targets]) =>
    targets.map((target) => {
      const [from, to] = [place.get(room), place.get(target)];
      const [x1, y1, x2, y2] = [from.x + BOX.width / 2, from.y + BOX.height, to.x + BOX.width / 2, to.y - 6];
      const bend = (y2 - y1) / 2;
      return `<path d="M${x1} ${y1}C${x1} ${y1 + bend} ${x2} ${y2 - bend} ${x2} ${y2}" marker-end="url(#arrow)"/>`;
    }),
  );
  const boxes = [...place].map(([room, { x, y }]) => {
    const caption = wrapped(captions.get(room), CAPTION_COLUMNS).map(
      (line, index) => `<text x="${x + 12}" y="${y + 36 + 14 * index}" font-size="11" fill="#57606a">${escaped(line)}</text>`,
    );
    return [
      `<rect x="${x}" y="${y}" width="${BOX.width}" height="${BOX.height}" rx="8" fill="#f6f8fa" stroke="#8c959f"/>`,
      `<text x="${x + 12}" y="${y + 20}" font-size="14" font-weight="600" fill="#1f2328">${room}/</text>`,
      ...caption,
    ].join('\n');
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" ${FONT}>
<title>The rooms of src/ and what each imports</title>
<defs><marker id="arrow" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="6" markerHeight="6" orient="auto">
<path d="M0 0L8 4L0 8z" fill="#57606a"/></marker></defs>
<rect width="${width}" height="${height}" fill="#ffffff"/>
<g fill="none" stroke="#57606a" stroke-width="1.5">
${lines.join('\n')}
</g>
${boxes.join('\n')}
</svg>
`;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const root = dirname(dirname(fileURLToPath(import.meta.url)));
  writeFileSync(join(root, PICTURE), drawRooms(root));
  console.log(PICTURE);
}
