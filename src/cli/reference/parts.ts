import { CONNECTION_ARGS, DATAMART_ARG } from '../connection.ts';
import { type Catalogued, loadCatalogue } from '../registry.ts';

/** The flags that say which service is meant: told once, not with each command. */
export const COMMON_FLAGS = { ...DATAMART_ARG, ...CONNECTION_ARGS };

/** Environment variables of the command line; those of settings are told with `muster serve`. */
export const ENVIRONMENT = [
  ['MUSTER_URL', 'address of the service'],
  ['MUSTER_TOKEN', 'API token'],
  ['MUSTER_DATAMART', 'default datamart'],
  ['MUSTER_PROFILE', 'profile to use'],
  ['NO_COLOR', 'use no colours, even in a terminal'],
  ['FORCE_COLOR', 'use colours even outside a terminal'],
  ['XDG_CONFIG_HOME', 'folder that contains muster/profiles.json; by default ~/.config'],
] as const;

export const PRECEDENCE =
  "Flags override the environment, the environment overrides the profile, and the profile overrides the defaults. --profile counts as a flag: with it, MUSTER_URL, MUSTER_TOKEN and MUSTER_DATAMART are ignored. A profile's token is only sent to that profile's URL.";

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
