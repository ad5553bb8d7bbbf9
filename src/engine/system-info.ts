// The machine as llama.cpp sees it, for those who may not use the addon themselves.
import type { SystemInfo } from '../native/addon-types.js';
import { loadAddon } from '../native/load-addon.js';

export function systemInfo(): SystemInfo {
  return loadAddon().systemInfo();
}
