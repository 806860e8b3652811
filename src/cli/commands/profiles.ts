import type { Group } from '../command.ts';
import { command } from '../command.ts';
import { type Column, print, printJson, table } from '../output.ts';
import { findProfile, type Profile, readProfiles, writeProfiles } from '../profiles.ts';

type Named = Pick<Profile, 'url' | 'datamart'> & { readonly name: string; readonly current: boolean };

const COLUMNS: readonly Column<Named>[] = [
  { title: '', value: ({ current }) => (current ? '*' : '') },
  { title: 'NAME', value: ({ name }) => name },
  { title: 'URL', value: ({ url }) => url },
  { title: 'DATAMART', align: 'right', value: ({ datamart }) => datamart ?? '-' },
];

const list = command({
  name: 'profiles list',
  description: 'lists the profiles on this machine, with a star at the current one; shows no tokens',
  args: {
    json: { type: 'boolean', description: 'print only one JSON document on standard output' },
  },
  run: async (args) => {
    const { current, profiles } = readProfiles();
    const named = Object.entries(profiles).map(
      ([name, { url, datamart }]): Named => ({ name, url, datamart, current: name === current }),
    );
    if (args.json) printJson(named);
    else print(named.length === 0 ? 'no profiles; sign in with: muster login' : table(named, COLUMNS));
    return 0;
  },
});

const use = command({
  name: 'profiles use',
  description: 'sets the profile that commands use by default',
  args: {
    name: { type: 'positional', required: true, valueHint: 'PROFILE', description: 'name of the profile' },
  },
  examples: ['muster profiles use production'],
  run: async (args) => {
    const all = readProfiles();
    const { url } = findProfile(all, args.name);
    await writeProfiles({ ...all, current: args.name });
    print(`now using profile ${args.name} (${url})`);
    return 0;
  },
});

export const profiles: Group = {
  description: 'lists profiles and sets the current one',
  fallback: 'list',
  commands: { list: async () => list, use: async () => use },
};
