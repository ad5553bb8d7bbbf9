// docs/cli.md: every command with its options, written from the same data as the help. scripts/write-reference.mjs writes
// it, and a test holds it against the commands.
import { settings } from '../config/settings.js';
import type { Command } from './command.js';
import { commands } from './commands/index.js';
import { optionDefault, outputOptions, valueInWords, type CommandOption } from './options.js';

const introduction = `# Commands

Written from the commands' own options by \`npm run docs\`; do not edit it by hand. \`isheep <command> --help\` shows the
same. Results go to files or standard output; progress, notes and warnings go to standard error. With \`--json\`, standard
output is one JSON object at the end.

| exit code | meaning |
| --- | --- |
| 0 | done |
| 1 | failed |
| 2 | wrong usage, configuration or input, found before any work |
| 3 | finished, and the best model is the base |
| 130 | interrupted; the same command continues |

Errors are explained in [errors.md](errors.md), configuration keys in [configuration.md](configuration.md).
`;

export function commandReference(): string {
  const everywhere = `## Of every command\n\n${optionTable(outputOptions)}\n`;
  return [introduction, everywhere, ...commands.map(commandSection)].join('\n');
}

function commandSection(command: Command): string {
  const { name, summary, positional, options } = command;
  const word = positional ? (positional.required ? ` <${positional.name}>` : ` [${positional.name}]`) : '';
  const asKeys = new Set(settings.map((setting) => setting.option));
  // Options that are named as their key are explained in docs/configuration.md; the rest is listed.
  const own = options.filter(
    (option) => option.key === undefined || !asKeys.has(option.name) || !option.key.includes('.'),
  );
  const all =
    own.length < options.length ? '\nand every key of the configuration ([configuration.md](configuration.md)).\n' : '';
  const about = positional ? `\n\`${positional.name}\`: ${positional.description}.\n` : '';
  const table = own.length > 0 ? `\n${optionTable(own)}\n` : '';
  return `## isheep ${name}${word}\n\n${summary}\n${about}${table}${all}`;
}

function optionTable(options: readonly CommandOption[]): string {
  const rows = options.map((option) => {
    const byDefault = optionDefault(option);
    return `| \`--${option.name}\` | ${byDefault ?? ''} | ${`${option.description}${valueInWords(option)}`.replaceAll('|', '\\|')} |`;
  });
  return `| option | default | what it is |\n| --- | --- | --- |\n${rows.join('\n')}`;
}
