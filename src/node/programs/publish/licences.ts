/** A licence by which a model may be published. */
export interface Licence {
  /** Its identifier in the SPDX list. */
  readonly id: string;
  /** What the Hugging Face Hub calls it; undefined for one that is not in its list. */
  readonly hub?: string;
  /** The text of the file LICENSE, or the notice that stands for a long one. */
  text(author: string): string;
}

const NO_WARRANTY =
  'THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE ' +
  'WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR ' +
  'COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR ' +
  'OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.';

const mit = (author: string): string =>
  [
    'MIT License',
    `Copyright (c) ${author}`,
    'Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated ' +
      'documentation files (the "Software"), to deal in the Software without restriction, including without limitation the ' +
      'rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit ' +
      'persons to whom the Software is furnished to do so, subject to the following conditions:',
    'The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.',
    NO_WARRANTY,
  ].join('\n\n');

const isc = (author: string): string =>
  [
    'ISC License',
    `Copyright (c) ${author}`,
    'Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby ' +
      'granted, provided that the above copyright notice and this permission notice appear in all copies.',
    'THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH REGARD TO THIS SOFTWARE INCLUDING ALL ' +
      'IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT, ' +
      'INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN ' +
      'AN ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR ' +
      'PERFORMANCE OF THIS SOFTWARE.',
  ].join('\n\n');

const BSD_WARRANTY =
  'THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT ' +
  'LIMITED TO, THE IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE DISCLAIMED. IN NO EVENT SHALL THE ' +
  'COPYRIGHT HOLDER OR CONTRIBUTORS BE LIABLE FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL DAMAGES ' +
  '(INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) ' +
  'HOWEVER CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY, OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ' +
  'ARISING IN ANY WAY OUT OF THE USE OF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.';

const bsd3 = (author: string): string =>
  [
    `Copyright (c) ${author}`,
    'Redistribution and use in source and binary forms, with or without modification, are permitted provided that the following ' +
      'conditions are met:',
    '1. Redistributions of source code must retain the above copyright notice, this list of conditions and the following disclaimer.',
    '2. Redistributions in binary form must reproduce the above copyright notice, this list of conditions and the following disclaimer ' +
      'in the documentation and/or other materials provided with the distribution.',
    '3. Neither the name of the copyright holder nor the names of its contributors may be used to endorse or promote products derived ' +
      'from this software without specific prior written permission.',
    BSD_WARRANTY,
  ].join('\n\n');

/** The notice of a licence whose own text is long: what is licensed, by whom, and where the text is. */
const notice =
  (name: string, address: string) =>
  (author: string): string =>
    `Copyright (c) ${author}\n\nThis model is licensed under the ${name}. To view a copy of the licence, visit ${address}`;

const creativeCommons = (terms: string, name: string): Licence => ({
  id: `CC-${terms.toUpperCase()}-4.0`,
  hub: `cc-${terms}-4.0`,
  text: notice(`Creative Commons ${name} 4.0 International License`, `https://creativecommons.org/licenses/${terms}/4.0/`),
});

/** The licences whose text or address is known here, a row each; of others, users bring the text (OTHER). */
export const LICENCES: readonly Licence[] = [
  { id: 'MIT', hub: 'mit', text: mit },
  { id: 'ISC', hub: 'isc', text: isc },
  { id: 'BSD-3-Clause', hub: 'bsd-3-clause', text: bsd3 },
  { id: 'Apache-2.0', hub: 'apache-2.0', text: notice('Apache License, Version 2.0', 'https://www.apache.org/licenses/LICENSE-2.0') },
  { id: 'MPL-2.0', hub: 'mpl-2.0', text: notice('Mozilla Public License, v. 2.0', 'https://mozilla.org/MPL/2.0/') },
  {
    id: 'GPL-3.0-only',
    hub: 'gpl-3.0',
    text: notice('GNU General Public License, version 3', 'https://www.gnu.org/licenses/gpl-3.0.html'),
  },
  {
    id: 'AGPL-3.0-only',
    hub: 'agpl-3.0',
    text: notice('GNU Affero General Public License, version 3', 'https://www.gnu.org/licenses/agpl-3.0.html'),
  },
  {
    id: 'LGPL-3.0-only',
    hub: 'lgpl-3.0',
    text: notice('GNU Lesser General Public License, version 3', 'https://www.gnu.org/licenses/lgpl-3.0.html'),
  },
  creativeCommons('by', 'Attribution'),
  creativeCommons('by-sa', 'Attribution-ShareAlike'),
  creativeCommons('by-nc', 'Attribution-NonCommercial'),
  creativeCommons('by-nc-sa', 'Attribution-NonCommercial-ShareAlike'),
  creativeCommons('by-nd', 'Attribution-NoDerivatives'),
  creativeCommons('by-nc-nd', 'Attribution-NonCommercial-NoDerivatives'),
  {
    id: 'CC0-1.0',
    hub: 'cc0-1.0',
    text: (author) =>
      `To the extent possible under law, ${author} has waived all copyright and related or neighboring rights to this model. ` +
      'To view a copy of the dedication, visit https://creativecommons.org/publicdomain/zero/1.0/',
  },
];

/** The file LICENSE of a licence, in lines as licences have them. */
export const licenceFile = ({ text }: Licence, author: string): string =>
  text(author)
    .split('\n\n')
    .map((paragraph) => `${wrapped(paragraph, 78)}\n`)
    .join('\n');

const wrapped = (paragraph: string, columns: number): string =>
  paragraph
    .split(' ')
    .reduce<string[]>((lines, word) => {
      const last = lines.at(-1);
      if (last !== undefined && last.length + 1 + word.length <= columns) lines[lines.length - 1] = `${last} ${word}`;
      else lines.push(word);
      return lines;
    }, [])
    .join('\n');

/** What stands for every other licence, whose text its user has in a file. */
export const OTHER = 'other';

/** The identifiers of the licences that are known here. */
export const LICENCE_IDS: readonly string[] = LICENCES.map(({ id }) => id);

/** The licence of an identifier, in large or small letters; undefined for one that is not known here. */
export const findLicence = (text: string): Licence | undefined => LICENCES.find(({ id }) => id.toLowerCase() === text.toLowerCase());

/** What is wrong with a licence as it was typed; undefined for one that is known here, and for another with its text. */
export const licenceExpected = (text: string): string | undefined => {
  if (text.toLowerCase() === OTHER || findLicence(text) !== undefined) return undefined;
  return `an identifier of the SPDX list that is known here (${LICENCE_IDS.join(', ')}), or ${OTHER} with --license-file FILE`;
};
