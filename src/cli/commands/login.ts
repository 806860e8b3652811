import type { ApiToken } from '../../client/client.ts';
import { type Client, createClient } from '../client.ts';
import { command } from '../command.ts';
import { DEFAULT_URL, readUrl } from '../connection.ts';
import { ApiError, CliError, UsageError } from '../failures.ts';
import { note, print, printable, printJson } from '../output.ts';
import { DEFAULT_PROFILE, type Profile, profilesFile, readProfiles, writeProfiles } from '../profiles.ts';
import { firstLine, isInteractive, prompt, promptHidden } from '../prompt.ts';
import { readId } from '../read-args.ts';

export const login = command({
  name: 'login',
  description: 'signs in to a service and stores its URL and token as a profile',
  args: {
    url: {
      type: 'string',
      valueHint: 'URL',
      description: 'address of the service; prompted for in a terminal',
    },
    token: {
      type: 'string',
      valueHint: 'TOKEN',
      description: 'API token; prompted for in a terminal, else read from the first line of standard input',
    },
    datamart: {
      type: 'string',
      valueHint: 'ID',
      description: "default datamart of the profile; by default the token's only datamart, else 1",
    },
    profile: {
      type: 'string',
      valueHint: 'NAME',
      description: `name of the profile; else MUSTER_PROFILE, else ${DEFAULT_PROFILE}`,
    },
    json: { type: 'boolean', description: 'print only one JSON document on standard output' },
  },
  examples: [
    'muster login',
    'muster login --profile production --url https://muster.example.com',
    'muster login --url http://127.0.0.1:8080 < token.txt',
  ],
  notes: [
    'Profiles are stored in ~/.config/muster/profiles.json (or under XDG_CONFIG_HOME), which only you can read. Commands use the profile you signed in to last.',
    "Flags override the environment, and the environment overrides the profile. A profile's token is only sent to that profile's URL.",
  ],
  run: async (args) => {
    const profiles = readProfiles();
    const name = args.profile ?? (process.env.MUSTER_PROFILE || DEFAULT_PROFILE);
    if (!/^[\w.-]+$/.test(name))
      throw new UsageError(`--profile: expected letters, digits, dots, - and _, got ${JSON.stringify(name)}`);
    const before = Object.hasOwn(profiles.profiles, name) ? profiles.profiles[name] : undefined;
    const url = await askUrl(args.url, before);
    const token = args.token ?? (await askToken());
    if (token === '') throw new UsageError('expected a token, got none');
    const client = createClient({
      ...{ url, token, flags: [], datamart: '1' },
      tokenHint: 'nothing was stored: make a token in the console, or with muster tokens create',
    });
    const current = await client.get<ApiToken>('/api_tokens/current');
    const profile = { url, token, datamart: await chooseDatamart(client, current, args.datamart) };
    await writeProfiles({ current: name, profiles: { ...profiles.profiles, [name]: profile } });
    const { role, name: tokenName } = current;
    if (args.json) printJson({ profile: name, url, datamart: profile.datamart, token_name: tokenName, role });
    else print(`signed in to ${url} with the token ${printable(tokenName)} (${role}): profile ${name}`);
    note(`stored in ${profilesFile()}`);
    for (const variable of ['MUSTER_URL', 'MUSTER_TOKEN', 'MUSTER_DATAMART'])
      if (process.env[variable]) note(`${variable} is set, and wins over the profile`);
    return 0;
  },
});

async function askUrl(given: string | undefined, before: Profile | undefined): Promise<string> {
  if (given !== undefined) return readUrl(given, '--url');
  const usual = process.env.MUSTER_URL || before?.url || DEFAULT_URL;
  return readUrl(isInteractive() ? await prompt('URL of the service', usual) : usual, 'MUSTER_URL');
}

function askToken(): Promise<string> {
  return isInteractive() ? promptHidden('API token (not shown)') : firstLine();
}

async function chooseDatamart(
  client: Client,
  { datamart_ids: ids }: ApiToken,
  given: string | undefined,
): Promise<string | null> {
  const [only = null, another] = ids ?? [];
  if (given === undefined) return another === undefined ? only : null;
  const id = readId(given, '--datamart');
  await client.get(`/datamarts/${id}`).catch((error: unknown) => {
    if (error instanceof ApiError && error.status === 404)
      throw new CliError(`datamart ${id} does not exist, or the token is not for it`, { cause: error });
    throw error;
  });
  return id;
}
