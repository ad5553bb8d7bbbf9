// Colours and symbols for a terminal that shows them; plain text elsewhere.

export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  notable(text: string): string;
}

export interface TextStream {
  write(text: string): unknown;
  isTTY?: boolean;
  /** 0 where a terminal does not tell its width, as one of a container may. */
  columns?: number;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Columns of a terminal that tells them; `otherwise` elsewhere. */
export function widthOf({ columns = 0 }: TextStream, otherwise: number): number {
  return columns > 0 ? columns : otherwise;
}

/** Honours NO_COLOR (no-color.org), TERM=dumb, and streams that are not terminals. */
export function styleFor(stream: TextStream, env: Environment): Style {
  const plain = stream.isTTY !== true || (env.NO_COLOR ?? '') !== '' || env.TERM === 'dumb';
  const paint = (code: number, reset: number) => (text: string) =>
    plain ? text : `\u001B[${code}m${text}\u001B[${reset}m`;
  return { bold: paint(1, 22), dim: paint(2, 22), good: paint(32, 39), bad: paint(31, 39), notable: paint(33, 39) };
}
