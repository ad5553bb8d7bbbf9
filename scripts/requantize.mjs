// `node scripts/requantize.mjs MODEL.gguf OUT.gguf TYPE [--pure] [--threads N]`: a model with other types of numbers, for
// benchmarks and tests of types that no package carries. Needs `npm run build` before.
import { statSync } from 'node:fs';
import { parseArgs } from 'node:util';

const usage = 'usage: node scripts/requantize.mjs MODEL.gguf OUT.gguf TYPE [--pure] [--threads N]';

function readArguments() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { pure: { type: 'boolean', default: false }, threads: { type: 'string', default: '0' } },
  });
  if (positionals.length !== 3) throw new Error(usage);
  const [input, output, type] = positionals;
  return { input, output, type: type.toLowerCase(), pure: values.pure, threads: Number(values.threads) };
}

function sizeOf(file) {
  return `${(statSync(file).size / 2 ** 20).toFixed(1)} MiB`;
}

try {
  const options = readArguments();
  const { requantize } = await import('../dist/engine/requantize.js');
  await requantize(options);
  console.log(`${options.input} ${sizeOf(options.input)} → ${options.output} ${sizeOf(options.output)}`);
} catch (error) {
  console.error(`error ${'code' in error ? `[${error.code}] ` : ''}${error.message}`);
  if (error.hint) console.error(`hint: ${error.hint}`);
  process.exitCode = 1;
}
