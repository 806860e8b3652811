#!/usr/bin/env node
/**
 * The command line. Everything is imported after the next lines: the database waits on the thread
 * pool of libuv, which has four threads unless this is set before the pool's first use. Node 20
 * itself uses the pool to load this very module, so there only `bin.cts` comes early enough; later
 * releases load it synchronously.
 */
process.env.UV_THREADPOOL_SIZE ??= '16';

const { main } = await import('./cli/main.ts');
await main(process.argv.slice(2));
