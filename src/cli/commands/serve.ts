import { setTimeout as sleep } from 'node:timers/promises';
import type { ArgsDef } from 'citty';
import {
  type Config,
  ConfigError,
  environmentName,
  flagName,
  readConfig,
  readFaultPoint,
  SETTINGS,
  type SettingName,
} from '../../config.ts';
import { armFaultPoint } from '../../fault-points.ts';
import type { Setting } from '../../setting.ts';
import { command } from '../command.ts';
import { CliError, systemCode } from '../failures.ts';
import { print } from '../output.ts';

const CONFIG_ARG = {
  config: {
    type: 'string',
    valueHint: 'FILE',
    description:
      'JSON file with settings, such as {"port": 8080}; flags and environment override it (MUSTER_CONFIG)',
  },
} as const;

function settingArgs(): ArgsDef {
  const names = Object.keys(SETTINGS) as SettingName[];
  return Object.fromEntries(
    names.map((name) => {
      const { description, hint, default: fallback, defaultText }: Setting<unknown> = SETTINGS[name];
      const none = fallback === null || String(fallback) === '';
      const shown = defaultText ?? (none ? 'none' : String(fallback));
      const text = `${description}\n${environmentName(name)}, default: ${shown}`;
      return [flagName(name), { type: 'string', valueHint: hint, description: text }];
    }),
  );
}

export const serve = command({
  name: 'serve',
  description: 'runs the service until SIGTERM or Ctrl-C',
  args: { ...CONFIG_ARG, ...settingArgs() },
  examples: [
    'muster serve',
    'muster serve --port 9000 --data /var/lib/muster',
    'muster serve --config muster.json',
  ],
  run: async (args) => {
    const flags: Record<string, string | undefined> = {};
    for (const name of ['config', ...(Object.keys(SETTINGS) as SettingName[]).map(flagName)]) {
      const value = args[name];
      if (typeof value === 'string') flags[name] = value;
    }
    const config = readConfig(flags);
    armFaultPoint(readFaultPoint());
    // Before the start, so that a signal during it ends in an orderly way too.
    const stopped = stopSignal();
    endOnFault(config);
    const service = await startListening(config);
    print(`Muster listens on ${service.url}`);
    if (process.stdout.isTTY) print(whatNext(service.url, service.adminToken));
    else if (service.adminToken !== null) print(`Admin token, shown only once: ${service.adminToken}`);
    if (config.tlsCert !== null) process.on('SIGHUP', service.reloadCertificate);
    const lost = await Promise.race([stopped, service.lost]);
    if (lost === undefined) {
      await service.close();
      process.exit(0);
    }
    // what is under way can only fail; it is told so, if that does not take long
    await Promise.race([service.close().catch(() => undefined), sleep(LOST_CLOSE_MS)]);
    process.exit(EXIT_START_AGAIN);
  },
});

/** What somebody at a terminal wants to know of a service that has just started. */
function whatNext(url: string, adminToken: string | null): string {
  return [
    '',
    `  Console  ${url}/`,
    `  API      ${url}/docs`,
    `  Docs     ${url}/docs/index.html`,
    ...(adminToken === null ? [] : [`  Token    ${adminToken}  (admin; shown only once, so save it)`]),
    '',
    'Next, in another terminal:',
    '',
    `  muster login --url ${url}${adminToken === null ? '' : '                      # asks for the token'}`,
    '  muster segments create VIP --technical-name vip',
    '  muster import customers.csv --segment vip     # one user per line',
    '',
    'Ctrl-C stops it.',
    '',
  ].join('\n');
}

/** EX_TEMPFAIL of sysexits.h: whoever started the service is to start it again. */
const EXIT_START_AGAIN = 75;
const LOST_CLOSE_MS = 5_000;

/**
 * A fault that nobody caught ends the process, as Node would have it, but through the log: Node
 * prints the message as it is, and that may quote values. What was acknowledged is durable; the
 * next start goes on from there.
 */
function endOnFault({ logLevel, logFormat }: Config): void {
  process.on('uncaughtException', async (fault) => {
    const [{ openLogger }, { logOutput }] = await Promise.all([
      import('../../log.ts'),
      import('../../log-lines.ts'),
    ]);
    openLogger(logLevel, logOutput(logFormat)).fatal(
      { err: fault },
      'the service ended: a fault that nobody caught',
    );
    process.exit(1);
  });
}

/**
 * Starts the service; an address that cannot be listened on becomes a message that says what to do.
 */
export async function startListening(config: Config) {
  const { startService } = await import('../../service.ts');
  try {
    return await startService(config);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const address = `${config.host}:${config.port}`;
    switch (systemCode(error)) {
      case 'EADDRINUSE':
        throw new CliError(`${address} is in use by another program; choose another port with --port`);
      case 'EACCES':
        throw new CliError(`no permission to listen on ${address}; choose another port with --port`);
      case 'EADDRNOTAVAIL':
      case 'ENOTFOUND':
        throw new CliError(`${config.host} is not an address of this machine; see --host`);
      default:
        throw error;
    }
  }
}

/** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once. */
export function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    const stop = () => {
      if (asked) process.exit(1);
      asked = true;
      resolve();
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
  });
}
