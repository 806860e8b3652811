import type { DestinationStream } from 'pino';

const LEVELS: Readonly<Record<number, readonly [name: string, colour: number]>> = {
  10: ['TRACE', 2],
  20: ['DEBUG', 2],
  30: ['INFO ', 32],
  40: ['WARN ', 33],
  50: ['ERROR', 31],
  60: ['FATAL', 31],
};
/** Members that stand before the others, or say nothing to somebody at a terminal. */
const SHOWN_FIRST = new Set(['level', 'time', 'pid', 'hostname', 'msg', 'err', 'v']);

/**
 * Log lines for people: time, level, message, then what else is known, and the stack of a fault
 * below.
 */
export function lineForPeople(json: string, colour: 'colour' | 'plain'): string {
  const entry = JSON.parse(json) as Record<string, unknown>;
  const [name, code] = LEVELS[Number(entry.level)] ?? ['?    ', 0];
  const paint = (text: string, as: number) => (colour === 'colour' ? `\u001b[${as}m${text}\u001b[0m` : text);
  const time = new Date(Number(entry.time)).toTimeString().slice(0, 8);
  const members = Object.entries(entry)
    .filter(([key]) => !SHOWN_FIRST.has(key))
    .map(
      ([key, value]) => paint(` ${key}=`, 2) + (typeof value === 'string' ? value : JSON.stringify(value)),
    );
  const fault = entry.err as { message?: string; stack?: string } | undefined;
  const below = fault === undefined ? '' : `\n    ${fault.message ?? ''}\n${fault.stack ?? ''}`.trimEnd();
  return `${paint(time, 2)} ${paint(name, code)} ${String(entry.msg ?? '')}${members.join('')}${below}\n`;
}

/**
 * Where the log goes: lines for people at a terminal, unless JSON is asked for; undefined: JSON on
 * standard output.
 */
export function logOutput(format: string): DestinationStream | undefined {
  const { stdout, env } = process;
  if (format === 'json' || (format === 'auto' && !stdout.isTTY)) return undefined;
  const colour = stdout.isTTY && !env.NO_COLOR ? 'colour' : 'plain';
  return { write: (json) => void stdout.write(lineForPeople(json, colour)) };
}
