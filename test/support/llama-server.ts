// llama.cpp's own server of the pinned release, built by `npm run build:peers`, on loopback and with one thread.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { buildPeers } from '../../scripts/build-peers.mjs';
import { closedAddress } from './file-server.js';
import { realModelPath } from './models.js';

export interface LlamaServer {
  baseUrl: string;
  /** Ends it without a warning. */
  kill(): Promise<void>;
}

/** Builds it where it is missing, which takes minutes. On the address of an earlier one where that is given. */
export async function startLlamaServer(address?: string): Promise<LlamaServer> {
  const program = path.join(buildPeers() as string, process.platform === 'win32' ? 'llama-server.exe' : 'llama-server');
  const own = address ?? (await closedAddress());
  const port = own.split(':')[1] as string;
  // Without the last of them this release ends with an illegal instruction in its own kernel for AMX.
  const words = ['-m', realModelPath(), '--host', '127.0.0.1', '--port', port, '-np', '2', '-t', '1', '--no-repack'];
  const child = spawn(program, [...words, '-c', '4096', '--alias', 'smollm2'], { stdio: 'ignore' });
  const server = { baseUrl: `http://${own}/v1`, kill: () => kill(child) };
  for (let waited = 0; waited < 600; waited++) {
    const health = await fetch(`http://${own}/health`).catch(() => undefined);
    if (health?.ok) return server;
    if (hasEnded(child)) break;
    await sleep(200);
  }
  await server.kill();
  throw new Error(`${program} did not start: ${child.signalCode ?? `exit code ${child.exitCode}`}`);
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

async function kill(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}
