// All commands, in the order of the help.
import type { Command } from '../command.js';
import { ablateCommand } from './ablate.js';
import { assessCommand } from './assess.js';
import { doctorCommand } from './doctor.js';
import { evaluateCommand } from './evaluate.js';
import { fetchCommand } from './fetch.js';
import { filterCommand } from './filter.js';
import { generateCommand } from './generate.js';
import { mergeCommand } from './merge.js';
import { planCommand } from './plan.js';
import { runCommand } from './run.js';
import { scoreCommand } from './score.js';
import { showCommand } from './show.js';
import { statusCommand } from './status.js';
import { trainCommand } from './train.js';

export const commands: readonly Command[] = [
  runCommand,
  planCommand,
  ablateCommand,
  statusCommand,
  showCommand,
  generateCommand,
  scoreCommand,
  assessCommand,
  filterCommand,
  trainCommand,
  evaluateCommand,
  mergeCommand,
  fetchCommand,
  doctorCommand,
];

/** Verbs that are named in the documents and do not exist yet. */
export const plannedCommands: readonly string[] = ['chat', 'export', 'report', 'dashboard'];
