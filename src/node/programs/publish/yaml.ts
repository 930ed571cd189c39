/** What the head of a card holds. */
export type YamlValue = string | number | boolean | readonly YamlValue[] | { readonly [key: string]: YamlValue | undefined };

/** A text that YAML cannot take for anything else: its double-quoted form takes what JSON does. */
const text = (value: string): string => (/^[A-Za-z][A-Za-z0-9._/-]*$/.test(value) && !RESERVED.test(value) ? value : JSON.stringify(value));

/** Words that are no texts in one version of YAML or another. */
const RESERVED = /^(true|false|yes|no|on|off|y|n|null|nan|inf)$/i;

/** Writes an object as YAML: lists and objects below their keys, two spaces deeper. What is undefined is left out. */
export function encodeYaml(object: Readonly<Record<string, YamlValue | undefined>>, indent = ''): string {
  return Object.entries(object)
    .filter((entry): entry is [string, YamlValue] => entry[1] !== undefined)
    .map(([key, value]) => `${indent}${text(key)}:${below(value, indent)}`)
    .join('');
}

function below(value: YamlValue, indent: string): string {
  if (typeof value === 'string') return ` ${text(value)}\n`;
  if (typeof value === 'number' || typeof value === 'boolean') return ` ${String(value)}\n`;
  if (isList(value)) return value.length === 0 ? ' []\n' : `\n${value.map((item) => `${indent}- ${inList(item, indent)}`).join('')}`;
  return `\n${encodeYaml(value, `${indent}  `)}`;
}

/** An item of a list, whose first line stands behind the dash. */
function inList(item: YamlValue, indent: string): string {
  if (typeof item !== 'object') return below(item, indent).slice(1);
  if (isList(item)) return below(item, `${indent}  `).slice(1);
  return encodeYaml(item, `${indent}  `).slice(indent.length + 2);
}

const isList = (value: YamlValue): value is readonly YamlValue[] => Array.isArray(value);
