import { readFileSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { didYouMean } from './did-you-mean.ts';
import { CliError, systemCode } from './failures.ts';

/** A service that `muster login` has signed in to. */
export type Profile = { readonly url: string; readonly token: string; readonly datamart: string | null };

/** All profiles of a user, and the one that is used when none is named. */
export type Profiles = {
  readonly current: string | null;
  readonly profiles: Readonly<Record<string, Profile>>;
};

type Environment = Readonly<Record<string, string | undefined>>;

export const DEFAULT_PROFILE = 'default';

/**
 * `~/.config/muster/profiles.json`, or where `XDG_CONFIG_HOME` says; on Windows below `APPDATA`.
 */
export function profilesFile(env: Environment = process.env): string {
  const folder = process.platform === 'win32' ? env.APPDATA : env.XDG_CONFIG_HOME;
  return path.join(folder || path.join(os.homedir(), '.config'), 'muster', 'profiles.json');
}

/** No profiles where there is no file. */
export function readProfiles(file: string = profilesFile()): Profiles {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return { current: null, profiles: {} };
    throw new CliError(`${file} cannot be read: ${systemCode(error) ?? 'it is no file'}`, { cause: error });
  }
  try {
    return checked(JSON.parse(text));
  } catch (cause) {
    throw new CliError(`${file} is not a valid profiles file: correct it, or delete it and sign in again`, {
      cause,
    });
  }
}

/** Replaces the file in one step. It is the user's alone, since tokens are in it. */
export async function writeProfiles(profiles: Profiles, file: string = profilesFile()): Promise<void> {
  const partial = `${file}.${process.pid}.part`;
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  try {
    await writeFile(partial, `${JSON.stringify(profiles, null, 2)}\n`, { mode: 0o600 });
    await rename(partial, file);
  } finally {
    await rm(partial, { force: true });
  }
}

/** The profile of that name. */
export function findProfile({ profiles }: Profiles, name: string): Profile {
  const found = Object.hasOwn(profiles, name) ? profiles[name] : undefined;
  if (found !== undefined) return found;
  const hint = didYouMean(name, Object.keys(profiles)) || `; sign in with: muster login --profile ${name}`;
  throw new CliError(`no profile is named ${JSON.stringify(name)}${hint}`);
}

function checked(value: unknown): Profiles {
  const { current, profiles } = value as { current: unknown; profiles: Record<string, unknown> };
  for (const profile of Object.values(profiles)) {
    const { url, token, datamart } = profile as Record<string, unknown>;
    const isText = typeof url === 'string' && typeof token === 'string';
    if (!isText || !(datamart === null || typeof datamart === 'string')) throw new Error('not a profile');
  }
  if (!(current === null || typeof current === 'string')) throw new Error('no name of a profile');
  return { current, profiles: profiles as Record<string, Profile> };
}
