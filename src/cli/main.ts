#!/usr/bin/env node
// The program `isheep`: hands the process to runCli and sets the exit code.
import { readFileSync } from 'node:fs';

import { createEngine } from '../engine/create-engine.js';
import { runCli } from './cli.js';
import { commands, plannedCommands } from './commands/index.js';
import { listenForInterrupts } from './interrupts.js';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

// A reader of results that closes the pipe early (`isheep show … | head`) has what it wants: no error, nothing more to do.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(process.exitCode ?? 0);
});
// Nobody reads what is told beside the results: the work goes on.
process.stderr.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

process.exitCode = await runCli(process.argv.slice(2), {
  streams: { stdout: process.stdout, stderr: process.stderr, env: process.env },
  commands,
  planned: plannedCommands,
  version,
  createEngine,
  interrupts: (tell) => listenForInterrupts(process, tell),
});
