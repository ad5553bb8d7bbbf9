// Numbers, times and tables as people read them.

/** 1234567 → `1,234,567` */
export function formatCount(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** `96 instructions`, `1 instruction`: the unit is given in the plural. */
export function formatUnits(value: number, unit: string): string {
  const singular = unit.endsWith('ies') ? `${unit.slice(0, -3)}y` : unit.replace(/s$/, '');
  return `${formatCount(value)} ${value === 1 ? singular : unit}`;
}

/** Seconds as `8.2 s`, `1:05`, `2:03:09`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  return formatClock(whole);
}

/** Whole seconds as `0:08`, `1:05`, `2:03:09`. */
export function formatClock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  const two = (value: number) => String(value).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** Bytes as `98 MB`, `1.4 GB` (decimal units, as shops and `df -H` use). */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let index = 0;
  while (value >= 999.5 && index < units.length - 1) {
    value /= 1000;
    index++;
  }
  return `${value >= 9.95 || index === 0 ? value.toFixed(0) : value.toFixed(1)} ${units[index] ?? ''}`;
}

export function formatRate(perSecond: number): string {
  return perSecond >= 9.95 ? formatCount(perSecond) : perSecond.toFixed(1);
}

/** `reason 12, other 3`, most frequent first, with at most `most` named and the rest summed up. */
export function formatReasons(counts: Readonly<Record<string, number>>, most = 5): string {
  const sorted = Object.entries(counts)
    .filter(([, count]) => count > 0)
    .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  const named = sorted.slice(0, most).map(([reason, count]) => `${reason} ${formatCount(count)}`);
  const rest = sorted.slice(most).reduce((sum, [, count]) => sum + count, 0);
  return [...named, ...(rest > 0 ? [`others ${formatCount(rest)}`] : [])].join(', ');
}

/** Rows as aligned columns, two blanks apart; the last column is not padded. */
export function formatTable(rows: readonly (readonly string[])[], alignRight: readonly number[] = []): string {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, cell.length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => (alignRight.includes(i) ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join('  ');
  return rows.map((row) => line(row).trimEnd()).join('\n');
}

/** A word as a POSIX shell takes it; names without special characters stay as they are. */
export function quoted(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
