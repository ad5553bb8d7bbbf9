// All commands, in the order of the help.
import type { Command } from '../command.js';
import { assessCommand } from './assess.js';
import { filterCommand } from './filter.js';
import { generateCommand } from './generate.js';
import { scoreCommand } from './score.js';
import { trainCommand } from './train.js';

export const commands: readonly Command[] = [generateCommand, scoreCommand, assessCommand, filterCommand, trainCommand];

/** Verbs that are named in the documents and do not exist yet. */
export const plannedCommands: readonly string[] = [
  'evaluate',
  'merge',
  'ablate',
  'chat',
  'export',
  'report',
  'dashboard',
];
