// Loads an addon and its llama.cpp libraries in a process of its own and computes a few products there: a library that
// the processor or the driver does not suit ends that process, not ours.
import { spawnSync } from 'node:child_process';

import type { DeviceInfo } from './addon-types.js';

export interface ProbeRequest {
  addon: string;
  libraries: string;
  /** Path of the CPU library to try; without it, the one that ggml chooses. */
  cpuLibrary?: string;
  otherLibraries: readonly string[];
}

export interface ProbeResult {
  /** Everything loaded, and the products came out right. */
  ok: boolean;
  /** Why not; "" where ok. */
  reason: string;
  /** The CPU library that was loaded; undefined where the process ended before that, or llama.cpp has only one. */
  cpuLibrary?: string;
  devices: DeviceInfo[];
  /** Why the GPUs do not compute, though the driver lists them; "" where they do, or there are none. */
  gpuReason: string;
  /** Backend plug-ins that did not load, each with the system's reason ("libcuda.so.1: cannot open…"). */
  failures: string[];
}

/** What the child knows before it computes. */
type Facts = Pick<ProbeResult, 'cpuLibrary' | 'devices' | 'failures'>;

export type Probe = (request: ProbeRequest) => ProbeResult;

/** Far more than a slow machine needs, also where a driver compiles what a GPU computes when it is first used; a library
 *  that hangs must not hang us. */
const timeoutMs = 180_000;

// Plain text, so that it runs the same from src/ (tests) and from dist/. Node itself knows which libraries a process
// has loaded (process.report), and so which of them ggml has chosen.
const program = `
const { writeSync } = require('node:fs');
const { addon: file, libraries: directory, cpuLibrary, otherLibraries } = JSON.parse(process.argv[1]);
process.env.PATH = directory + require('node:path').delimiter + process.env.PATH;
const addon = require(file);
const failures = addon.loadBackends({ directory, cpuLibrary, otherLibraries });
process.report.excludeNetwork = true;
const loaded = process.report.getReport().sharedObjects.find((name) => /ggml-cpu-[^/\\\\]+$/.test(name));
writeSync(1, JSON.stringify({ cpuLibrary: loaded, devices: addon.systemInfo().devices, failures }) + '\\n');
addon.tryProducts();
writeSync(1, 'right\\n');
addon.tryGpuProducts();
writeSync(1, 'right\\n');
`;

export const probe: Probe = (request) => {
  const child = spawnSync(process.execPath, ['-e', program, JSON.stringify(request)], {
    encoding: 'utf8',
    timeout: timeoutMs,
    windowsHide: true,
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  const [facts = '', cpu, gpus] = child.stdout.split('\n');
  const known = facts.startsWith('{') ? (JSON.parse(facts) as Facts) : {};
  const ok = cpu === 'right';
  const end = child.status === 0 && gpus === 'right' ? '' : describeEnd(child);
  const result = { devices: [], failures: [], ...known, ok, reason: ok ? '' : end, gpuReason: ok ? end : '' };
  return { ...result, failures: result.failures.map(shortFailure) };
};

/** "libggml-cuda.so: libcuda.so.1: cannot open…" of ggml's "load_backend: failed to load /long/path/libggml-cuda.so: …". */
function shortFailure(text: string): string {
  return text.replace(/^.*failed to load .*?([^/\\]+\.(?:so|dll)): /, '$1: ');
}

function describeEnd(child: ReturnType<typeof spawnSync>): string {
  if (child.error) return child.error.message;
  if (child.signal === 'SIGILL') return 'illegal instruction: the processor lacks what the library uses';
  // "llama.cpp ended the process: /path/ggml-cuda.cu:108: CUDA error: CUDA error: why;  current device: 0, in function …"
  const ended = /^llama\.cpp ended the process: \S+ (?:CUDA error: )?(.*?)(?:;.*)?$/m.exec(
    child.stderr.toString(),
  )?.[1];
  if (ended !== undefined) return ended;
  if (child.signal) return `the process was ended by ${child.signal}`;
  const said = /^\w*Error: (.*)$/m.exec(child.stderr.toString())?.[1];
  return said ?? `the process ended with ${String(child.status)}`;
}
