// Tests against published data, which lies beside the checkout and is not part of the repository.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: import.meta.dirname,
    globalSetup: 'support/global-setup.ts',
    include: ['**/*.data.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 300_000,
  },
});
