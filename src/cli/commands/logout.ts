import { command } from '../command.ts';
import { PROFILE_ARG } from '../connection.ts';
import { CliError } from '../failures.ts';
import { print } from '../output.ts';
import { findProfile, readProfiles, writeProfiles } from '../profiles.ts';

export const logout = command({
  name: 'logout',
  description: 'removes a profile and its token from this machine',
  args: PROFILE_ARG,
  examples: ['muster logout', 'muster logout --profile production'],
  notes: ['The token stays valid. To revoke it, use "muster tokens delete".'],
  run: async (args) => {
    const all = readProfiles();
    const name = args.profile ?? (process.env.MUSTER_PROFILE || all.current);
    if (name === null) throw new CliError('you are not signed in: there is no current profile');
    const { url } = findProfile(all, name);
    const { [name]: _, ...profiles } = all.profiles;
    await writeProfiles({ current: all.current === name ? null : all.current, profiles });
    print(`profile ${name} removed (${url})`);
    return 0;
  },
});
