/**
 * SQLSTATEs after which the connection is gone, or could not be had (PostgreSQL, appendix A): class
 * 08, a server that is shut down, has crashed or is starting, one that takes no more connections,
 * one that is a standby now, and one that found a transaction idle for too long: a merge that was
 * begun ahead waits for its turn.
 */
const LOST = /^(08...|57P0[1235]|53300|25006|25P03)$/;
/** What Node says of sockets. */
const LOST_ERRNO = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'ENETDOWN',
  // of a name that is gone for as long as nobody answers for it
  'EAI_AGAIN',
  'EAI_FAIL',
  'ENOTFOUND',
]);
/**
 * What the client, PostgreSQL and poolers before it say of them without a code, or with another
 * one, as Citus does of a worker that it cannot reach.
 */
const LOST_MESSAGES: readonly string[] = [
  'connection terminated',
  'client has encountered a connection error',
  'timeout exceeded when trying to connect',
  'server closed the connection',
  'client was closed and is not queryable',
  'terminating connection',
  'terminating background worker',
  'the database system is starting up',
  'the database system is shutting down',
  'the database system is not yet accepting connections',
  'the database system is not accepting connections',
  'the database system is in recovery mode',
  'the connection is broken',
  'connection not open',
  'lost synchronization with server',
  'could not connect to server',
  'connection to the remote node',
  'connection to server',
  'failed to connect to',
  'could not establish any connections to the node',
  'too many clients already',
  'remaining connection slots are reserved',
  'no more connections allowed',
  'server login has been failing',
  'server conn crashed',
  'query_wait_timeout',
  'server_login_retry',
  'pgbouncer cannot connect to server',
  'bouncer config error',
  'could not fork new process for connection',
  // libpq on the coordinator of a Citus cluster, of a connection to a worker
  'failure on connection marked as essential',
  'failed to complete copy on',
  'transaction recovery cannot connect to',
  'could not receive data from server',
  'could not send data to server',
  'no connection to the server',
  'ssl connection has been closed unexpectedly',
];
/** The longest message that is looked through: these stand at the beginning. */
const MAX_MESSAGE = 1_000;

/**
 * Whether a fault is that the database cannot be reached, or not any more: the same may work on
 * another connection.
 */
export function hasLostItsConnection(fault: unknown): boolean {
  if (!(fault instanceof Error)) return false;
  // of a name with several addresses each was tried
  if (fault instanceof AggregateError && fault.errors.some(hasLostItsConnection)) return true;
  const { code, syscall } = fault as NodeJS.ErrnoException;
  if (typeof code === 'string' && (LOST.test(code) || LOST_ERRNO.has(code))) return true;
  // the socket in a folder goes with its server
  if (syscall === 'connect') return true;
  return saysItIsLost(fault);
}

function saysItIsLost({ message }: Error): boolean {
  const beginning = message.slice(0, MAX_MESSAGE).toLowerCase();
  return LOST_MESSAGES.some((text) => beginning.includes(text));
}

/**
 * SQLSTATEs and codes of Node after which the database is there but refuses this service: a
 * password, a database, a certificate that was changed, no memory, a file system that fails. No
 * statement is the cause, so an execution waits until somebody has seen to it. A full disk has a
 * kind of its own.
 */
const REFUSED = /^(28...|3D000|53[02-9]..|55000|58...)$/;
const REFUSED_TLS =
  /^(CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO_SELF_SIGNED_CERT$|SELF_SIGNED_CERT_IN_CHAIN$|UNABLE_TO_)/;
const NO_TLS = 'the server does not support ssl connections';

/**
 * Whether the database is there and refuses this service, whatever it is asked for. A worker that
 * dies during a COPY is reported with the code of a file system that fails (58030), and is not.
 */
export function isRefused(fault: unknown): boolean {
  if (!(fault instanceof Error) || saysItIsLost(fault)) return false;
  const { code } = fault as { code?: unknown };
  if (typeof code === 'string' && (REFUSED.test(code) || REFUSED_TLS.test(code))) return true;
  return fault.message.slice(0, MAX_MESSAGE).toLowerCase().includes(NO_TLS);
}

/**
 * A deadlock, or a snapshot that is too old: the transaction was undone, and doing it again is
 * right.
 */
export function isConflict(fault: unknown): boolean {
  const { code } = (fault ?? {}) as { code?: unknown };
  return code === '40001' || code === '40P01';
}

/**
 * A prepared statement that the connection should have and has not, or the other way about: a
 * pooler has another connection of the server behind it each time.
 */
export function hasLostItsStatements(fault: unknown): boolean {
  const { code } = (fault ?? {}) as { code?: unknown };
  return code === '26000' || code === '42P05';
}

/**
 * A lock that was not to be had in the time that a transaction waits for one. A COPY to a worker of
 * a Citus cluster keeps the text of the worker's fault, and not its code.
 */
export function isLockTimeout(fault: unknown): boolean {
  if (!(fault instanceof Error)) return false;
  return (fault as { code?: unknown }).code === '55P03' || fault.message.includes(LOCK_TIMEOUT);
}

const LOCK_TIMEOUT = 'canceling statement due to lock timeout';
