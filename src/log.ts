import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino';
import { safeMessage, withoutQuoted } from './safe-message.ts';
import { traceIds } from './tracing.ts';

/** How many causes of a fault are told, each of the one before. */
const MOST_CAUSES = 5;

type LoggedFault = {
  readonly type: string;
  readonly code?: string;
  readonly message: string;
  readonly stack: string;
  readonly cause?: LoggedFault;
};

const OPTIONS: LoggerOptions = {
  mixin: traceIds,
  serializers: {
    err: (fault: unknown) => faultForLog(fault, MOST_CAUSES),
    // the framework's own: they would show URLs and headers
    req: () => undefined,
    res: () => undefined,
  },
  hooks: {
    // texts of the service are constants; the framework puts URLs into some of its own, in quotes
    logMethod(given, log) {
      const cleaned = given.map((part: unknown) => (typeof part === 'string' ? withoutQuoted(part) : part));
      // without a text pino takes the fault's message, as it is
      const [fault] = given as readonly unknown[];
      const untold = fault instanceof Error ? fault : (fault as { err?: unknown } | null)?.err;
      if (cleaned.length === 1 && untold instanceof Error) cleaned.push(safeMessage(untold));
      log.apply(this, cleaned as typeof given);
    },
  },
};

/**
 * The log of the service: JSON lines in which no token, identifier, data bag or line of a file
 * stands. Faults go in as `err`, and are cleaned of what their messages quote.
 */
export function openLogger(level: string, destination?: DestinationStream): Logger {
  return destination === undefined ? pino({ ...OPTIONS, level }) : pino({ ...OPTIONS, level }, destination);
}

function faultForLog(fault: unknown, causes: number): LoggedFault {
  const message = safeMessage(fault);
  if (!(fault instanceof Error)) return { type: typeof fault, message, stack: '' };
  const { code } = fault as NodeJS.ErrnoException;
  return {
    type: fault.name,
    ...(typeof code === 'string' ? { code } : {}),
    message,
    stack: framesOf(fault),
    ...(fault.cause === undefined || causes === 0 ? {} : { cause: faultForLog(fault.cause, causes - 1) }),
  };
}

/** Where it was thrown: a stack begins with the message, which may quote values. */
function framesOf({ message, stack = '' }: Error): string {
  const frames = stack.slice(Math.max(0, stack.indexOf(message)) + message.length);
  return frames
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .join('\n');
}
