// The reference of the configuration, written from the schema: docs/configuration.md and docs/config.schema.json.
// scripts/write-reference.mjs writes both, and a test holds them against the schema.
import { z } from 'zod';

import { filterDescriptions, filterLists, filterNames } from './filters.js';
import { presetNames, presets, type ConfigInput } from './presets.js';
import { configSchema } from './schema.js';
import { defaultInWords, settings, type Setting } from './settings.js';
import { expectation } from './wording.js';

const introduction = `# Configuration

Written from \`src/config/schema.ts\` by \`npm run docs\`; do not edit it by hand.

A value comes from the first of these that has it: the command line, the file given with \`--config\`, the preset, the
default. In a file, groups are objects; an editor completes and checks the file when it names the JSON Schema beside
this page:

\`\`\`json
{
  "$schema": "./docs/config.schema.json",
  "model": "smollm2-135m-instruct",
  "instructions": 500,
  "train": { "rank": 16 }
}
\`\`\`

The same on the command line is \`--instructions 500 --train-rank 16\`. Lists are given with commas there
(\`--train-targets q,v\`), and \`--no-train-rank-stabilized\` says false. A key that does not exist is an error.
`;

const filterText = `What \`filter.rules\` may name, here and in \`isheep filter --rules\`: filters, and the lists \`default\` and \`paper\`, which
stand for the numbered filters in that order. A filter that is named again is applied once. \`paper-…\` is a rule of the paper
as its code has it, where our own form, of a similar name, is another.

\`contamination\` is applied wherever \`filter.evaluationFiles\` is given: last, or where the rules name it. Every string in a
JSON or JSON Lines file is a text of the evaluation, names of fields aside; in any other file every line is one, and every
paragraph. A task or pair is rejected where \`filter.contaminationNgram\` words in a row are also in such a text, or where it
holds the whole of a shorter one of at least 5 words. Case, punctuation and line ends make no difference. In a run,
instructions are compared before they are answered, and pairs again with their responses.`;

/** docs/configuration.md */
export function configurationReference(): string {
  const sections = [...new Set(settings.map((setting) => setting.section))];
  const tables = sections.map((section) => {
    const rows = settings.filter((setting) => setting.section === section).map(settingRow);
    const title = section === '' ? 'The whole run' : `\`${section}\``;
    return `## ${title}\n\n| key | option | default | what it is |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n`;
  });
  return [introduction, ...tables, filterTable(), presetTable()].join('\n');
}

/** docs/config.schema.json: what a configuration file may hold. */
export function configJsonSchema(): string {
  const schema = z.toJSONSchema(configSchema, { io: 'input' }) as { properties?: Record<string, unknown> };
  const properties = { $schema: { type: 'string' }, ...schema.properties };
  return `${JSON.stringify({ ...schema, title: 'isheep configuration', properties }, null, 2)}\n`;
}

function settingRow(setting: Setting): string {
  const byDefault = defaultInWords(setting.schema);
  return [
    '',
    ` \`${setting.key}\` `,
    ` \`--${setting.option}\` `,
    byDefault === undefined ? ' ' : ` \`${byDefault}\` `,
    ` ${setting.description}; ${expectation(setting.schema)} `.replaceAll('|', '\\|'),
    '',
  ].join('|');
}

function filterTable(): string {
  const lists = Object.entries(filterLists).map(([list, names]) => ({ list, names: names as readonly string[] }));
  const rows = filterNames.map((name) => {
    const places = lists.map(({ names }) => (names.includes(name) ? String(names.indexOf(name) + 1) : ''));
    return `| \`${name}\` | ${filterDescriptions[name]} | ${places.map((place) => (place === '' ? '' : `${place} `)).join('| ')}|`;
  });
  const head = `| filter | rejects | ${lists.map(({ list }) => `\`${list}\``).join(' | ')} |\n| --- | --- |${' --- |'.repeat(lists.length)}`;
  return `## Filters\n\n${filterText}\n\n${head}\n${rows.join('\n')}\n`;
}

function presetTable(): string {
  const flat = presetNames.map((name) => new Map(flatten(presets[name], '')));
  const keys = settings.map((setting) => setting.key).filter((key) => flat.some((preset) => preset.has(key)));
  const rows = keys.map((key) => {
    const values = flat.map((preset) => (preset.has(key) ? `\`${String(preset.get(key))}\`` : 'default'));
    return `| \`${key}\` | ${values.join(' | ')} |`;
  });
  const head = `| key | ${presetNames.join(' | ')} |\n| --- |${' --- |'.repeat(presetNames.length)}`;
  const text = 'What each preset (`--preset`) sets; `laptop` is used where none is named, and is the defaults.';
  return `## Presets\n\n${text}\n\n${head}\n${rows.join('\n')}\n`;
}

function flatten(values: ConfigInput | Record<string, unknown>, prefix: string): [string, unknown][] {
  return Object.entries(values).flatMap(([name, value]): [string, unknown][] => {
    const isGroup = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isGroup ? flatten(value, `${prefix}${name}.`) : [[`${prefix}${name}`, value]];
  });
}
