import path from 'node:path';
import { readConfig } from '../../config.ts';
import { writePrivately } from '../../private-files.ts';
import { createClient } from '../client.ts';
import { command, type ExitCode } from '../command.ts';
import { freshFolder, releaseFolder } from '../demo/folder.ts';
import { freePort } from '../demo/free-port.ts';
import { runDemo } from '../demo/run-demo.ts';
import { note, print } from '../output.ts';
import { startListening, stopSignal } from './serve.ts';

const DEFAULT_PORT = '8080';

export const demo = command({
  name: 'demo',
  description: 'starts a separate service, imports real purchases into it and shows the results',
  args: {
    exit: {
      type: 'boolean',
      description: 'stop after the report; exit code 0 if the results are as expected, else 1',
    },
    port: {
      type: 'string',
      valueHint: 'N',
      description: `port to listen on; by default ${DEFAULT_PORT}, or a free port if that one is taken`,
    },
    data: {
      type: 'string',
      valueHint: 'DIR',
      default: './muster-demo',
      description: 'folder of the demo; each start removes what an earlier demo left there',
    },
  },
  examples: ['muster demo', 'muster demo --exit --data /tmp/muster-demo'],
  run: async (args) => {
    writePrivately();
    const folder = path.normalize(args.data);
    const flags = { port: args.port ?? (await freePort(DEFAULT_PORT)), data: folder };
    const config = readConfig({ ...flags, 'log-level': 'error' }, {});
    const found = await freshFolder(folder);
    print(`Folder ${folder}: ${found === 'made' ? 'created' : 'an earlier demo was removed'}.`);

    const service = await startListening(config);
    const { url, adminToken: token } = service;
    const connection = { url, token, tokenHint: 'the token of the demo', flags: [], datamart: '1' };
    print(`Service at ${service.url}, with its own store.`);
    let exitCode: ExitCode = 1;
    try {
      const problems = await runDemo(createClient(connection), folder);
      for (const problem of problems) note(`error: ${problem}`);
      exitCode = problems.length === 0 ? 0 : 1;
      if (!args.exit) {
        const stopped = stopSignal();
        print(whatNext(service.url, service.adminToken ?? '', folder));
        await stopped;
      }
    } finally {
      await service.close();
      await releaseFolder(folder);
    }
    return exitCode;
  },
});

function whatNext(url: string, token: string, folder: string): string {
  const muster = program();
  const authorization = '-H "Authorization: $MUSTER_TOKEN"';
  return `
The service goes on until Ctrl-C. In another terminal:

  export MUSTER_URL=${url}
  export MUSTER_TOKEN=${token}

  # the segments and their sizes
  ${muster} segments

  # the same from the API
  curl -s ${authorization} "$MUSTER_URL/v1/audience_segments?datamart_id=1"

  # correct the lines that failed, then send the same file again
  ${muster} import ${path.join(folder, 'april.ndjson.errors.ndjson')}

  # put somebody in, look the user up
  curl -s ${authorization} -H 'Content-Type: application/x-ndjson' \\
    --data '{"operation":"UPDATE","user_account_id":"me","segment_technical_name":"repeat-buyers","expiration_duration":10}' \\
    "$MUSTER_URL/v1/datamarts/1/document_imports/1/executions"
  ${muster} lookup user_account_id=me

The console is at ${url} (sign in with the token above); the API is described at ${url}/docs.`;
}

/** How this program was called, without the folders of the machine. */
function program(): string {
  const script = path.relative(process.cwd(), process.argv[1] ?? '');
  const isInside = script.endsWith('.js') || script.endsWith('.cjs');
  return isInside && !script.startsWith('..') && !script.includes('node_modules')
    ? `node ${script}`
    : 'muster';
}
