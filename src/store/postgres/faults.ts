/**
 * SQLSTATEs after which the connection is gone, or could not be had (PostgreSQL, appendix A): class 08, a server that is shut down,
 * has crashed or is starting, one that takes no more connections, one that is a standby now, and one that found a transaction idle for
 * too long: a merge that was begun ahead waits for its turn.
 */
const LOST = /^(08...|57P0[123]|53300|25006|25P03)$/;
/** What Node says of sockets. */
const LOST_ERRNO = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
]);
/** What the client says of them, without a code. */
const LOST_MESSAGE =
  /Connection terminated|Client has encountered a connection error|timeout exceeded when trying to connect|server closed the connection|Client was closed and is not queryable/;

/** Whether a fault is that the database cannot be reached, or not any more: the same may work on another connection. */
export function hasLostItsConnection(fault: unknown): boolean {
  if (!(fault instanceof Error)) return false;
  const { code, syscall } = fault as NodeJS.ErrnoException;
  if (typeof code === 'string' && (LOST.test(code) || LOST_ERRNO.has(code))) return true;
  // the socket in a folder goes with its server
  if (syscall === 'connect') return true;
  return LOST_MESSAGE.test(fault.message);
}

/** A deadlock, or a snapshot that is too old: the transaction was undone, and doing it again is right. */
export function isConflict(fault: unknown): boolean {
  const { code } = (fault ?? {}) as { code?: unknown };
  return code === '40001' || code === '40P01';
}
