import { AUTH, cli } from './lines.ts';

/** The look-up of users. */
export const usersTexts = {
  users: {
    title: 'Users',
    subtitle: 'In which segments a user is, until when, and which line of which file did it.',
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
    inNone: 'Known, and in no segment now.',
    identifiers: 'Identifiers',
    changes: 'What happened',
    date: 'When',
    change: 'Change',
    why: 'Why',
    changeKinds: { ENTERED: 'came in', UPDATED: 'updated', LEFT: 'went out', EXPIRED: 'expired' },
    causes: {
      COMMAND: 'a line of',
      CALL: 'a command over the API, without a file',
      REPLACE: 'not named by',
      EXPIRY: 'its time had passed',
      UNKNOWN: 'not remembered',
    },
    reverts: {
      ENTERED: 'put back by',
      UPDATED: 'set back by',
      LEFT: 'taken back by',
      EXPIRED: 'its time had passed',
    },
    ofRevert: (id: string) => `, which reverts #${id}`,
    updated: 'updated by',
    atLine: (line: number) => `, line ${line}`,
    forgotten: 'what first put them in is not remembered any more',
    known: (since: string) => `Changes are remembered since ${since}.`,
    unknown: {
      title: 'This user is not known',
      text: 'No file has put anybody in under this identifier, or the user was erased. Values are compared character by character.',
    },
    none: {
      title: 'Look up a user',
      text: 'By any identifier that a file may name. From a terminal, with your token in MUSTER_TOKEN:',
      curl: 'With curl',
      curlLine: (origin: string, dm: string) =>
        `curl ${AUTH} ${origin}/v1/datamarts/${dm}/user_segments/user_account_id=1`,
      cli: 'With the command line, changes included',
      cliLine: (origin: string, dm: string) => cli('lookup user_account_id=1 --changes', origin, dm),
    },
  },
};
