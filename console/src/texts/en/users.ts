import { AUTH, cli } from './lines.ts';

/** The look-up of users. */
export const usersTexts = {
  users: {
    title: 'Users',
    subtitle: 'Which segments a user is in, until when, and which line of which file put them there.',
    by: 'Look up by',
    kinds: {
      user_account_id: 'User account id',
      email_hash: 'E-mail hash',
      user_agent_id: 'User agent id',
      user_point_id: 'User point id',
    },
    value: 'Value',
    compartment: 'Compartment',
    defaultCompartment: 'Default',
    inCompartment: (id: string) => `in compartment ${id}`,
    lookUp: 'Look up',
    memberships: 'Memberships',
    inNone: 'Known, but in no segment now.',
    identifiers: 'Identifiers',
    changes: 'History',
    date: 'When',
    change: 'Change',
    why: 'Why',
    changeKinds: { ENTERED: 'entered', UPDATED: 'updated', LEFT: 'left', EXPIRED: 'expired' },
    causes: {
      COMMAND: 'a line of',
      CALL: 'a command over the API, without a file',
      REPLACE: 'missing from',
      EXPIRY: 'reached its expiry',
      UNKNOWN: 'no longer stored',
    },
    reverts: {
      ENTERED: 'restored by',
      UPDATED: 'reset by',
      LEFT: 'removed by',
      EXPIRED: 'reached its expiry',
    },
    ofRevert: (id: string) => `, which reverts #${id}`,
    updated: 'updated by',
    atLine: (line: number) => `, line ${line}`,
    forgotten: 'the line that put them in is no longer stored',
    known: (since: string) => `Changes are stored since ${since}.`,
    unknown: {
      title: 'User not found',
      text: 'No file has named this identifier, or the user was erased. Values must match exactly.',
    },
    none: {
      title: 'Look up a user',
      text: 'By any identifier that files use. From a terminal, with your token in MUSTER_TOKEN:',
      curl: 'With curl',
      curlLine: (origin: string, dm: string) =>
        `curl ${AUTH} ${origin}/v1/datamarts/${dm}/user_segments/user_account_id=1`,
      cli: 'With the command line, changes included',
      cliLine: (origin: string, dm: string) => cli('lookup user_account_id=1 --changes', origin, dm),
    },
  },
};
