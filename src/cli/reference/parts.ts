import { CONNECTION_ARGS, DATAMART_ARG } from '../connection.ts';
import { type Catalogued, loadCatalogue } from '../registry.ts';

/** The flags that say which service is meant: told once, not with each command. */
export const COMMON_FLAGS = { ...DATAMART_ARG, ...CONNECTION_ARGS };

/** Environment variables of the command line; those of settings are told with `muster serve`. */
export const ENVIRONMENT = [
  ['MUSTER_URL', 'address of the service'],
  ['MUSTER_TOKEN', 'API token'],
  ['MUSTER_DATAMART', 'datamart of commands that name none'],
  ['MUSTER_PROFILE', 'profile of muster login'],
  ['NO_COLOR', 'no colours, also in a terminal'],
  ['FORCE_COLOR', 'colours, also where there is no terminal'],
  ['XDG_CONFIG_HOME', 'folder of muster/profiles.json; else ~/.config'],
] as const;

export const PRECEDENCE =
  "Flags win over the environment, the environment over the profile, the profile over the default. --profile is a flag: with it, MUSTER_URL, MUSTER_TOKEN and MUSTER_DATAMART are not looked at. A profile's token is sent to that profile's URL alone.";

/** Commands without the common flags, and whether they had them. */
export async function loadCommands(): Promise<readonly (Catalogued & { takesCommon: boolean })[]> {
  const sections = await loadCatalogue();
  return sections
    .flatMap(({ commands }) => commands)
    .map((command) => {
      const own = Object.entries(command.args).filter(([, arg]) => !isCommon(arg));
      const takesCommon = Object.values(command.args).includes(CONNECTION_ARGS.url);
      return { ...command, takesCommon, args: Object.fromEntries(own) };
    });
}

function isCommon(arg: unknown): boolean {
  return Object.values(COMMON_FLAGS).some((common) => common === arg);
}
