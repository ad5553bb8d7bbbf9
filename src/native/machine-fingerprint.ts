// What the choice of libraries depends on and can be read in a millisecond: the processor and its instruction sets, and
// whether a GPU's driver is there.
import { closeSync, existsSync, openSync, readSync, readdirSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** Variables that hide or show devices and libraries. */
const variables = [
  'CUDA_VISIBLE_DEVICES',
  'GGML_VK_VISIBLE_DEVICES',
  'VK_DRIVER_FILES',
  'VK_ICD_FILENAMES',
  'LD_LIBRARY_PATH',
];

/** Values that, all the same, mean the same machine with the same drivers. */
export function machineFingerprint(): unknown[] {
  return [
    process.platform,
    process.arch,
    os.cpus()[0]?.model ?? '',
    instructionFlags(),
    drivers(),
    variables.map((name) => process.env[name] ?? ''),
  ];
}

/** Linux: a hypervisor may hide instructions of a processor under the same name. */
function instructionFlags(): string {
  if (process.platform !== 'linux') return '';
  const start = Buffer.alloc(8192); // the first processor's entry; the file has one for each
  let descriptor: number | undefined;
  try {
    descriptor = openSync('/proc/cpuinfo', 'r');
    readSync(descriptor, start);
  } catch {
    return '';
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
  return /^(flags|Features)\s*:.*$/m.exec(start.toString('latin1'))?.[0] ?? '';
}

function drivers(): unknown[] {
  if (process.platform === 'win32') {
    const system = path.join(process.env.SystemRoot ?? 'C:\\Windows', 'System32');
    return ['nvcuda.dll', 'vulkan-1.dll'].map((name) => existsSync(path.join(system, name)));
  }
  if (process.platform !== 'linux') return [];
  const devices = ['/dev/nvidia0', '/dev/nvidiactl', '/dev/dxg'].map((file) => existsSync(file));
  const renderers = existsSync('/dev/dri') ? readdirSync('/dev/dri').sort() : [];
  // Installing a driver's libraries rewrites the linker's cache.
  const linked = statSync('/etc/ld.so.cache', { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return [...devices, renderers, linked];
}
