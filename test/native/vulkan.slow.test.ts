// Training on Vulkan, for real, on the software device of Mesa, against the CPU.
//
// Tolerances: in F32 the devices differ by the order of sums and by products that Vulkan multiplies in half precision
// where ggml leaves it the choice. With quantized weights the CPU also rounds what it multiplies to 8 bits a number,
// which moves a gradient by 1.4 to 3.7 % (native/test/weight-types-test.cpp), and Vulkan rounds it to half precision.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { beforeAll, expect, test } from 'vitest';

import { testProgram } from '../support/test-program.js';

const driver = '/usr/share/vulkan/icd.d/lvp_icd.x86_64.json';
const folder = mkdtempSync(path.join(os.tmpdir(), 'isheep-vulkan-'));

beforeAll(() => {
  if (existsSync(driver)) return;
  try {
    execFileSync('apt-get', ['install', '-y', 'mesa-vulkan-drivers', 'libvulkan1'], { stdio: 'ignore' });
  } catch (error) {
    throw new Error('install Mesa for this test: apt-get install mesa-vulkan-drivers libvulkan1', { cause: error });
  }
});

interface Comparison {
  loss: number;
  gradient: number;
  third_step: number;
  adapter: string;
}

function compare(architecture: string, type: string): Comparison {
  const output = execFileSync(testProgram('compare-devices-vulkan'), ['vulkan', architecture, type, folder], {
    encoding: 'utf8',
    env: { ...process.env, VK_ICD_FILENAMES: driver, GGML_VK_VISIBLE_DEVICES: '0' },
  });
  return JSON.parse(output) as Comparison;
}

const architectures = ['llama', 'qwen2', 'qwen3', 'gemma3'];

test.each(architectures)('%s trains on Vulkan as on the CPU, in F32 and F16', (architecture) => {
  for (const type of ['f32', 'f16']) {
    const { loss, gradient, third_step, adapter } = compare(architecture, type);
    expect(loss).toBeLessThan(1e-3);
    expect(gradient).toBeLessThan(2e-2);
    expect(third_step).toBeLessThan(1e-2);
    expect(existsSync(adapter)).toBe(true);
  }
});

test.each(architectures)('%s trains on Vulkan as on the CPU, with weights of 8 and 4 bits', (architecture) => {
  for (const type of ['q8_0', 'q4_0', 'q5_1', 'iq4_nl']) {
    const { loss, gradient, third_step } = compare(architecture, type);
    expect(loss).toBeLessThan(5e-3);
    expect(gradient).toBeLessThan(8e-2);
    expect(third_step).toBeLessThan(2e-2);
  }
});
