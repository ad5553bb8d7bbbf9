import { z } from 'zod';

import { knownModel, knownModels } from '../../engine/known-models.js';
import { fetchModel } from '../../engine/fetch/fetch-model.js';
import { option } from '../options.js';
import type { Command, CommandCall, CommandResult } from '../command.js';
import { formatBytes, formatTable } from '../format.js';

export const fetchCommand: Command = {
  name: 'fetch',
  summary: 'gets a known model; without a name, lists them',
  positional: { name: 'name', description: 'a known model', required: false },
  options: [option('verify', 'compare the sha256 of a file that is here already', z.boolean())],
  examples: [['isheep fetch', 'lists the known models']],
  run: (call) => {
    const name = call.values.text('name');
    return name === undefined ? Promise.resolve(listModels()) : fetchByName(name, call);
  },
};

function listModels(): CommandResult {
  const models = knownModels();
  const rows = models.map((model) => [model.name, formatBytes(model.bytes), model.license, model.description]);
  return { text: formatTable(rows), data: { models } };
}

async function fetchByName(name: string, call: CommandCall): Promise<CommandResult> {
  const { values, progress, output, interrupts } = call;
  const model = knownModel(name);
  const result = await fetchModel(model, {
    offline: values.flag('offline'),
    verify: values.flag('verify'),
    signal: interrupts.stop,
    onNote: (note) => output.warning(note),
    onProgress: ({ source, bytes, totalBytes }) => {
      if (!progress.isWorking) progress.start({ label: 'fetch', unit: `MB from ${source}`, total: totalBytes / 1e6 });
      progress.update(bytes / 1e6, 0);
    },
  });
  progress.finish(formatBytes(result.bytes));
  const origin = result.source === null ? 'was here already' : `from ${result.source}`;
  output.note(`${model.name}, ${formatBytes(result.bytes)}, ${origin}`);
  return { text: result.path, data: { name: model.name, ...result } };
}
