// The user turn of a task, and a task as messages: the one place that says how instruction and input are joined, so that
// generation, judging and training cannot differ (contract.md, "Rows").
import type { Message } from './rows.js';

/** The instruction, or instruction + newline + input. */
export function userTurn(task: { instruction: string; input?: string | undefined }): string {
  return task.input === undefined || task.input === '' ? task.instruction : `${task.instruction}\n${task.input}`;
}

/** The turns before the response: a system turn only where the row has one. */
export function taskMessages(task: {
  instruction: string;
  input?: string | undefined;
  system?: string | undefined;
}): Message[] {
  const user: Message = { role: 'user', content: userTurn(task) };
  return task.system === undefined ? [user] : [{ role: 'system', content: task.system }, user];
}
