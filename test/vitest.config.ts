// The ordinary tests: unit (no model), native (tiny models), integration (tiny models and the small real one).
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: import.meta.dirname,
    globalSetup: 'support/global-setup.ts',
    include: ['unit/**/*.test.ts', 'native/**/*.test.ts', 'integration/**/*.test.ts'],
    exclude: ['**/*.slow.test.ts', '**/*.data.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
