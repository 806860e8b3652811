import { writeFile } from 'node:fs/promises';
import type { RejectionCode } from '../../model/command.ts';
import type { DemoCommand } from './commands.ts';

/** A line that is broken on purpose, and the code it must fail with. */
export type BadLine = { readonly code: RejectionCode; readonly text: string };

export const BAD_NDJSON: readonly BadLine[] = [
  {
    code: 'INVALID_OPERATION',
    text: '{"operation":"update","user_account_id":"00011","segment_technical_name":"repeat-buyers","expiration_duration":0}',
  },
  {
    code: 'CLEAR_EMAIL',
    text: '{"operation":"UPDATE","email_hash":"jane.doe@example.com","segment_technical_name":"repeat-buyers","expiration_duration":0}',
  },
  {
    code: 'UNKNOWN_SEGMENT',
    text: '{"operation":"UPDATE","user_account_id":"00012","segment_technical_name":"vip-lounge","expiration_duration":0}',
  },
  {
    code: 'MISSING_EXPIRATION',
    text: '{"operation":"UPDATE","user_account_id":"00013","segment_technical_name":"repeat-buyers"}',
  },
  {
    code: 'INVALID_JSON',
    text: '{"operation":"UPDATE" "user_account_id":"00014","segment_technical_name":"lapsed","expiration_duration":0}',
  },
  {
    code: 'INVALID_JSON',
    text: '{"operation":"UPDATE","user_account_id":"00015","segment_technical_name":"lapsed","expiration_duration":0},',
  },
];

/** In the columns of COLUMNS. */
export const BAD_CSV: readonly BadLine[] = [
  { code: 'INVALID_OPERATION', text: 'delete,00016,first-time-buyers,,' },
  { code: 'UNKNOWN_SEGMENT', text: 'UPDATE,00017,repeat_buyers,0,' },
  { code: 'INVALID_EXPIRATION', text: 'UPDATE,00018,repeat-buyers,7d,' },
  { code: 'INVALID_CSV', text: 'UPDATE,00019,repeat-buyers,0,,"one cell too many"' },
];

const COLUMNS = [
  'operation',
  'user_account_id',
  'segment_technical_name',
  'expiration_duration',
  'data_bag',
] as const;

export async function writeNdjson(file: string, commands: readonly DemoCommand[]): Promise<void> {
  const lines = commands.map((command) => JSON.stringify(command));
  await writeFile(file, `${scatter(lines, BAD_NDJSON).join('\n')}\n`);
}

export async function writeCsv(file: string, commands: readonly DemoCommand[]): Promise<void> {
  const lines = commands.map((command) =>
    COLUMNS.map((column) => csvCell(String(command[column] ?? ''))).join(','),
  );
  await writeFile(file, `${[COLUMNS.join(','), ...scatter(lines, BAD_CSV)].join('\n')}\n`);
}

function csvCell(text: string): string {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The bad lines at even distances among the good ones, always at the same places. */
function scatter(good: readonly string[], bad: readonly BadLine[]): string[] {
  const distance = Math.floor(good.length / (bad.length + 1));
  return good.flatMap((line, at) => {
    const turn = at > 0 && at % distance === 0 ? bad[at / distance - 1] : undefined;
    return turn === undefined ? [line] : [turn.text, line];
  });
}
