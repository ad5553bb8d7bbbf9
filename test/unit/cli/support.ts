// Runs a command line inside the test, with streams that collect what is written.
import { runCli, type CliEnvironment } from '../../../src/cli/cli.js';
import { commands, plannedCommands } from '../../../src/cli/commands/index.js';
import type { Command } from '../../../src/cli/command.js';
import { fakeEngine, type FakeEngineOptions } from '../../support/fake-engine.js';

export interface CliOutcome {
  exitCode: number;
  stdout: string;
  stderr: string;
}

export interface CliSetting {
  engine?: FakeEngineOptions;
  /** Instead of the fake engine. */
  createEngine?: CliEnvironment['createEngine'];
  env?: Record<string, string>;
  commands?: readonly Command[];
  interrupts?: { stop?: AbortSignal; cancel?: AbortSignal };
}

export async function isheep(words: string | readonly string[], setting: CliSetting = {}): Promise<CliOutcome> {
  const written = { stdout: '', stderr: '' };
  const stream = (name: keyof typeof written) => ({
    write: (text: string) => {
      written[name] += text;
    },
    columns: 100,
  });
  const never = new AbortController().signal;
  const { stop = never, cancel = never } = setting.interrupts ?? {};
  const environment: CliEnvironment = {
    streams: { stdout: stream('stdout'), stderr: stream('stderr'), env: setting.env ?? {} },
    commands: setting.commands ?? commands,
    planned: plannedCommands,
    version: '1.2.3',
    createEngine: setting.createEngine ?? (() => fakeEngine(setting.engine)),
    interrupts: () => ({ stop, cancel, dispose: () => undefined }),
  };
  const list = typeof words === 'string' ? words.split(' ').filter((word) => word !== '') : words;
  return { exitCode: await runCli(list, environment), ...written };
}
