// Training on Vulkan for real, on Mesa's device in software, beside the CPU: the same loss, gradient and third step for
// every architecture and several types of weights. Installs Mesa's drivers where it may.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

import { beforeAll, expect, test } from 'vitest';

import { loadAddon } from '../../src/native/load-addon.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { testProgram } from '../support/test-program.js';

const driver = '/usr/share/vulkan/icd.d/lvp_icd.x86_64.json';

/** The backend passes devices of type CPU over unless they are named. */
const environment = { ...process.env, VK_ICD_FILENAMES: driver, GGML_VK_VISIBLE_DEVICES: '0' };

beforeAll(() => {
  if (existsSync(driver)) return;
  const packages = ['mesa-vulkan-drivers', 'libvulkan1'];
  const steps = [['update'], ['install', '-y', '--no-install-recommends', ...packages]];
  const failed = steps.find((words) => spawnSync('apt-get', words, { stdio: 'ignore' }).status !== 0);
  if (failed) throw new Error(`this test needs Mesa's Vulkan drivers: on Debian, the packages ${packages.join(', ')}`);
}, 300_000);

interface Comparison {
  loss: number;
  gradient: number;
  third_step: number;
  model: string;
  adapter: string;
}

// With F32 weights the CPU's flash attention reads masks in half floats and adds up in another order. With quantized ones it
// rounds what they multiply to 8 bits, and the device does not.
const f32 = { loss: 1e-4, gradient: 1e-2 };
const rounded = { loss: 1e-2, gradient: 0.1 };

test.each([
  ['llama', 'f32', f32],
  ['qwen2', 'f32', f32],
  ['qwen3', 'f32', f32],
  ['gemma3', 'f32', f32],
  ['llama', 'q8_0', rounded],
  ['llama', 'q4_0', rounded],
  ['gemma3', 'q5_1', rounded],
] as const)('%s with %s weights trains on Vulkan as on the CPU', async (architecture, type, limits) => {
  const words = ['vulkan', architecture, type, temporaryFolder()];
  const output = execFileSync(testProgram('compare-devices-vulkan'), words, { env: environment, encoding: 'utf8' });
  const { loss, gradient, third_step, model, adapter } = JSON.parse(output) as Comparison;
  process.stdout.write(`${architecture} ${type}: loss ${loss}, gradient ${gradient}, third step ${third_step}\n`);
  expect(loss).toBeLessThan(limits.loss);
  expect(gradient).toBeLessThan(limits.gradient);
  expect(third_step).toBeLessThan(limits.loss);
  const base = await loadAddon().loadModel({ path: model, device: 'cpu', vocabularyOnly: false });
  await base.loadAdapter(adapter); // llama.cpp takes it
  await base.dispose();
});
