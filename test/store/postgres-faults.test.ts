import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasLostItsConnection, isLockTimeout, isRefused } from '../../src/store/postgres/faults.ts';

const faultOf = (message: string, code?: string) =>
  Object.assign(new Error(message), code === undefined ? {} : { code });

/**
 * As PostgreSQL, Node, PgBouncer and Citus say it; many come without a code, or with one that tells
 * nothing.
 */
const LOST: readonly (readonly [string, string?])[] = [
  ['terminating connection due to administrator command'],
  ['terminating connection due to unexpected postmaster exit'],
  ['terminating connection because of crash of another server process', 'XX000'],
  ['terminating connection due to conflict with recovery', 'XX000'],
  ['the database system is starting up'],
  ['the database system is shutting down'],
  ['the database system is in recovery mode', 'XX000'],
  ['the database system is not yet accepting connections'],
  ['FATAL: sorry, too many clients already'],
  ['remaining connection slots are reserved for roles with the SUPERUSER attribute'],
  ['Connection terminated unexpectedly'],
  [
    'connection to the remote node postgres@worker-1:5432 failed with the following error: Connection refused',
  ],
  ['could not establish any connections to the node worker-1:5432 after 30000 ms'],
  ['server closed the connection unexpectedly'],
  ['query_wait_timeout', '08P01'],
  ['server login has been failing, cached error: connect failed'],
  ['no more connections allowed (max_client_conn)'],
  ['read ECONNRESET', 'ECONNRESET'],
  ['connect ECONNREFUSED 127.0.0.1:5432', 'ECONNREFUSED'],
  ['getaddrinfo EAI_AGAIN database', 'EAI_AGAIN'],
  ['getaddrinfo ENOTFOUND database', 'ENOTFOUND'],
  ['could not fork new process for connection: Cannot allocate memory'],
  ['cannot execute UPDATE in a read-only transaction', '25006'],
  ['the database system is shutting down', '57P03'],
  ['failure on connection marked as essential: worker-2:5432', 'XX000'],
  ['failed to complete COPY on worker-2:5432', '58030'],
  ['transaction recovery cannot connect to worker-2:5432'],
  ['terminating connection due to unexpected postmaster exit', 'XX000'],
  ['the database system is not yet accepting connections', 'XX000'],
  ['could not receive data from server: Connection reset by peer', 'XX000'],
  ['could not send data to server: Broken pipe', 'XX000'],
  ['SSL connection has been closed unexpectedly', 'XX000'],
];

const OTHERS: readonly (readonly [string, string?])[] = [
  ['duplicate key value violates unique constraint "user_point_pkey"', '23505'],
  ['canceling statement due to user request', '57014'],
  ['relation "membership" does not exist', '42P01'],
  ['invalid input syntax for type bigint: "x"', '22P02'],
];

for (const [message, code] of LOST) {
  test(`a lost connection: ${message}${code ? ` (${code})` : ''}`, () => {
    assert.ok(hasLostItsConnection(faultOf(message, code)));
    assert.ok(hasLostItsConnection(new AggregateError([faultOf(message, code)], '')));
    assert.ok(!isRefused(faultOf(message, code)), 'the same may work on another connection');
  });
}

for (const [message, code] of OTHERS) {
  test(`not a lost connection: ${message}`, () => {
    assert.ok(!hasLostItsConnection(faultOf(message, code)));
    assert.ok(!isRefused(faultOf(message, code)));
  });
}

/** The database is there, and refuses whatever it is asked for. */
const REFUSED: readonly (readonly [string, string?])[] = [
  ['password authentication failed for user "muster"', '28P01'],
  ['no pg_hba.conf entry for host "10.0.0.1"', '28000'],
  ['database "muster" does not exist', '3D000'],
  ['database "muster" is not currently accepting connections', '55000'],
  ['out of memory', '53200'],
  ['could not read block 3 in file "base/1/2"', '58030'],
  ['certificate has expired', 'CERT_HAS_EXPIRED'],
  ['self-signed certificate', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  ['The server does not support SSL connections'],
];

for (const [message, code] of REFUSED)
  test(`refused: ${message}`, () => assert.ok(isRefused(faultOf(message, code))));

test('a disk of the database that is full has a kind of its own', () => {
  assert.ok(!isRefused(faultOf('could not extend file "base/1/2": No space left on device', '53100')));
});

test('a lock that was not to be had, also where a COPY to a worker has lost the code', () => {
  const message = 'canceling statement due to lock timeout';
  for (const code of ['55P03', 'XX000']) assert.ok(isLockTimeout(faultOf(message, code)));
  assert.ok(!isLockTimeout(faultOf('canceling statement due to statement timeout', '57014')));
});
