import { doctor, type Finding } from '../../engine/doctor.js';
import type { Command } from '../command.js';
import { formatTable } from '../format.js';
import type { Style } from '../style.js';

export const doctorCommand: Command = {
  name: 'doctor',
  summary: 'what this machine offers, and what is wrong',
  options: [],
  async run(call) {
    const findings = await doctor();
    const ok = findings.every((finding) => finding.ok);
    const text = findingsText(findings, call.output.resultStyle);
    return { text, data: { ok, findings }, exitCode: ok ? 0 : 1 };
  },
};

/** A line a finding; under it what to do, where it is not well. */
function findingsText(findings: readonly Finding[], style: Style): string {
  const lines = formatTable(findings.map(({ name, value }) => [name, value])).split('\n');
  return findings
    .map(({ ok, hint }, i) => {
      const line = `${ok ? style.good('✓') : style.bad('✗')} ${lines[i] ?? ''}`;
      return hint === undefined ? line : `${line}\n    ${ok ? 'note' : 'hint'}: ${hint}`;
    })
    .join('\n');
}
