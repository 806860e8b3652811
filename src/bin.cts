#!/usr/bin/env node
/**
 * The `muster` program: CommonJS, because Node 20 loads ES modules with the thread pool that is
 * sized here (cli.ts).
 */
process.env.UV_THREADPOOL_SIZE ??= '16';

import('./cli.js').catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
