import { spawn } from 'node:child_process';
import type { Client } from '../client.ts';
import { command } from '../command.ts';
import { CONNECTION_ARGS, DATAMART_ARG, datamartPath, openClient } from '../connection.ts';
import { locateExecution } from '../executions.ts';
import { UsageError } from '../failures.ts';
import { findImport } from '../find-import.ts';
import { findSegment } from '../find-segment.ts';
import { note, print, printJson } from '../output.ts';
import { executionPage } from '../same-service.ts';
import { readSelector } from '../selector.ts';

const PAGES = ['execution', 'segment', 'import', 'user'] as const;
type Page = (typeof PAGES)[number];

export const open = command({
  name: 'open',
  description: 'opens a page of the console in the browser, and prints its address',
  args: {
    page: {
      type: 'positional',
      required: false,
      valueHint: PAGES.join('|'),
      description: 'which page; by default the home page',
    },
    id: {
      type: 'positional',
      required: false,
      description: 'id of the execution, name or id of the segment or import, or selector of the user',
    },
    browser: {
      type: 'boolean',
      default: true,
      description: 'open it from a terminal',
      negativeDescription: 'print the address only',
    },
    ...DATAMART_ARG,
    ...CONNECTION_ARGS,
  },
  examples: [
    'muster open',
    'muster open execution 17',
    'muster open segment vip',
    'muster open user user_account_id=1234',
  ],
  notes: [
    'Outside a terminal, only prints the address. BROWSER sets the browser to use instead of the default one.',
  ],
  run: async (args) => {
    const url = await pageUrl(openClient(args), datamartPath(args.datamart), args);
    if (args.json) printJson({ url });
    else print(url);
    if (args.browser && !args.json && process.stdout.isTTY) openInBrowser(url);
    return 0;
  },
});

type Wanted = {
  readonly page?: string | undefined;
  readonly id?: string | undefined;
  readonly datamart: string;
};

function isPage(page: string): page is Page {
  return PAGES.some((known) => known === page);
}

async function pageUrl(
  client: Client,
  datamart: string,
  { page, id, datamart: dm }: Wanted,
): Promise<string> {
  const { connection } = client;
  const base = connection.url + datamart;
  if (page === undefined) return `${base}/home`;
  if (!isPage(page))
    throw new UsageError(`PAGE: expected execution, segment, import or user, got ${JSON.stringify(page)}`);
  if (id === undefined) throw new UsageError(`ID: expected the ${page}, got nothing`);
  switch (page) {
    case 'execution': {
      const { path, execution } = await locateExecution(client, { datamart: dm, execution: id });
      return executionPage(execution.id, { path, connection });
    }
    case 'segment':
      return `${base}/segments/${(await findSegment(client, datamart, id)).id}`;
    case 'import':
      return `${base}/imports/${(await findImport(client, datamart, id)).id}`;
    case 'user':
      return `${base}/users?${new URLSearchParams({ user: decodeURIComponent(readSelector(id, {})) })}`;
  }
}

/** Without a shell: an address may hold what a shell would obey. */
function openInBrowser(url: string): void {
  const [program, ...args] = process.env.BROWSER
    ? [process.env.BROWSER]
    : process.platform === 'darwin'
      ? ['open']
      : process.platform === 'win32'
        ? ['rundll32', 'url.dll,FileProtocolHandler']
        : ['xdg-open'];
  const child = spawn(program, [...args, url], { stdio: 'ignore', detached: true });
  child.once('error', () => note(`${program} could not be started: open the address by hand`));
  child.unref();
}
