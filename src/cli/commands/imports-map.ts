import type { Mapping } from '../../model/mapping.ts';
import type { ApiDocumentImport, ApiPreview } from '../api.ts';
import type { Client } from '../client.ts';
import { command } from '../command.ts';
import { CONNECTION_ARGS, DATAMART_ARG, datamartPath, openClient } from '../connection.ts';
import { CliError, UsageError } from '../failures.ts';
import { findFile } from '../files/find-file.ts';
import { findImport } from '../find-import.ts';
import { readFormat } from '../import/format.ts';
import { MIME_TYPE } from '../import/target.ts';
import { describePreview, SHOWN_LINES } from '../mapping/report.ts';
import { formatFor, preview, readSample, type Sample } from '../mapping/sample.ts';
import { note, print, printable, printJson } from '../output.ts';
import { isConfirmed, isInteractive, prompt } from '../prompt.ts';
import { tone } from '../style.ts';

type Defaults = { readonly segment: string | undefined; readonly duration: string | undefined };

export const mapFile = command({
  name: 'imports map',
  description: 'suggests a mapping for a file with its own columns, and saves it in a document import',
  args: {
    file: {
      type: 'positional',
      required: true,
      valueHint: 'FILE',
      description: 'CSV, TSV or NDJSON; - is standard input',
    },
    import: {
      type: 'string',
      valueHint: 'ID|NAME',
      description: 'document import whose mapping is replaced; without it, a new import is created',
    },
    name: { type: 'string', description: 'name of the new document import; by default the name of the file' },
    segment: {
      type: 'string',
      valueHint: 'ID|NAME',
      description: 'segment of all lines, by id or technical name, if no column names one',
    },
    duration: {
      type: 'string',
      valueHint: 'MINUTES',
      description: 'how long memberships last if no column says so; 0: forever',
    },
    print: { type: 'boolean', description: 'print the mapping as JSON and save nothing' },
    yes: { type: 'boolean', alias: 'y', description: 'save it without asking' },
    format: {
      type: 'string',
      valueHint: 'ndjson|csv',
      description: 'format, if neither the file name nor the content shows it',
    },
    ...DATAMART_ARG,
    ...CONNECTION_ARGS,
  },
  examples: [
    'muster imports map crm.csv',
    'muster imports map --import "nightly CRM" crm.csv',
    'muster imports map --segment newsletter --duration 0 --yes shop.csv',
    'muster imports map --print crm.csv > crm.mapping.json',
  ],
  notes: [
    'Sends the first 64 KiB of the file to the service, which stores nothing of them, and gives a reason for each suggested column.',
    'In a terminal, asks for what no column says, and before saving. In scripts, saves only with --yes.',
    'A mapping can do more than is suggested: print it, edit it as docs/mapping.md describes, and import files with muster import --mapping.',
  ],
  run: async (args) => {
    if (args.import !== undefined && args.name !== undefined)
      throw new UsageError('--import and --name cannot be combined: --name is for a new document import');
    if (args.print && (args.yes || args.json))
      throw new UsageError('--print cannot be combined with --yes or --json');
    const client = openClient(args);
    const datamart = datamartPath(args.datamart);
    const found = args.import === undefined ? null : await findImport(client, datamart, args.import);
    const format = formatFor(found, readFormat(args.format));
    const sample = await readSample(await findFile(args.file), format, new AbortController().signal);
    const mayAsk = isInteractive() && !args.yes && !args.print && !args.json;
    const { suggested, read, mapping } = await suggest(client, {
      ...{ datamart, sample, mayAsk },
      defaults: { segment: args.segment, duration: args.duration },
    });
    if (args.print) {
      printJson(mapping);
      return 0;
    }
    if (!args.json) print(describePreview(suggested, read));
    const isAgreed = args.yes || (mayAsk && (await isConfirmed(question(found, args.name ?? sample.name))));
    const saved = isAgreed
      ? await save(client, datamart, { found, name: args.name ?? sample.name, sample, mapping })
      : null;
    if (args.json) printJson(report({ suggested, read, mapping, saved }));
    else if (saved !== null)
      print(
        `saved to document import ${saved.id} (${printable(saved.name)}): muster import --import ${saved.id} FILE`,
      );
    else note('nothing was saved; save the mapping with --yes, or print it with --print');
    return 0;
  },
});

/** What is suggested, with the defaults that were asked for, and what the lines come to by that. */
async function suggest(
  client: Client,
  of: {
    readonly datamart: string;
    readonly sample: Sample;
    readonly mayAsk: boolean;
    readonly defaults: Defaults;
  },
): Promise<{ readonly suggested: ApiPreview; readonly read: ApiPreview; readonly mapping: Mapping }> {
  const { datamart, sample } = of;
  const suggested = await preview(client, datamart, { sample });
  const { refusal, suggestion, mapping: base } = suggested;
  if (refusal !== null && suggestion === null)
    throw new CliError(`the file would be refused: ${refusal.error} (${refusal.error_code})`);
  const lacks = (what: string) => suggestion?.missing.find((each) => each.what === what)?.message;
  const nobody = lacks('user');
  if (nobody !== undefined) throw new CliError(`${nobody}\n${reasonsOf(suggested)}`);
  if (base === null)
    throw new CliError(
      'the file already uses the names and words of commands and needs no mapping: import it with muster import',
    );
  const defaults = {
    segment:
      lacks('segment') === undefined ? undefined : (of.defaults.segment ?? (await askSegment(of.mayAsk))),
    duration:
      lacks('expiry') === undefined ? undefined : (of.defaults.duration ?? (await askDuration(of.mayAsk))),
  };
  refuseUnused(of.defaults, defaults);
  const more = defaultsOf(defaults);
  if (Object.keys(more).length === 0) {
    for (const { message } of suggestion?.missing ?? [])
      note(`${tone('!', 'odd', process.stderr)} ${message}`);
    return { suggested, read: suggested, mapping: base };
  }
  const mapping = { ...base, defaults: { ...base.defaults, ...more } };
  return { suggested, read: await preview(client, datamart, { sample, mapping }), mapping };
}

function reasonsOf({ columns }: ApiPreview): string {
  return columns.map(({ reason = '' }) => `  - ${printable(reason)}`).join('\n');
}

function refuseUnused(given: Defaults, used: Defaults): void {
  if (given.segment !== undefined && used.segment === undefined)
    throw new UsageError('--segment: a column of the file names segments');
  if (given.duration !== undefined && used.duration === undefined)
    throw new UsageError('--duration: a column of the file says when memberships end');
}

function defaultsOf({ segment, duration }: Defaults): Mapping['defaults'] {
  if (duration !== undefined && duration !== '' && !/^\d{1,9}$/.test(duration))
    throw new UsageError(`--duration: expected a whole number of minutes, got ${JSON.stringify(duration)}`);
  return {
    ...(segment ? { [/^\d+$/.test(segment) ? 'segment_id' : 'segment_technical_name']: segment } : {}),
    ...(duration ? { expiration_duration: Number(duration) } : {}),
  };
}

async function askSegment(mayAsk: boolean): Promise<string | undefined> {
  return mayAsk
    ? prompt('No column names segments. Technical name or id of the segment of all lines', '')
    : undefined;
}

async function askDuration(mayAsk: boolean): Promise<string | undefined> {
  const question =
    'No column says when memberships end. Minutes until they do, 0 for never, or nothing for the default_ttl of each segment';
  return mayAsk ? prompt(question, '') : undefined;
}

function question(found: ApiDocumentImport | null, name: string): string {
  if (found === null) return `Create document import ${JSON.stringify(printable(name))} with this mapping?`;
  const instead = found.mapping === undefined ? '' : ' and replace the one it has';
  return `Give document import ${found.id} (${printable(found.name)}) this mapping${instead}?`;
}

function save(
  client: Client,
  datamart: string,
  of: {
    readonly found: ApiDocumentImport | null;
    readonly name: string;
    readonly sample: Sample;
    readonly mapping: Mapping;
  },
): Promise<ApiDocumentImport> {
  const { found, name, sample, mapping } = of;
  const path = `${datamart}/document_imports`;
  if (found !== null) return client.put<ApiDocumentImport>(`${path}/${found.id}`, { mapping });
  return client.post<ApiDocumentImport>(path, { name, mime_type: MIME_TYPE[sample.format], mapping });
}

function report(of: {
  readonly suggested: ApiPreview;
  readonly read: ApiPreview;
  readonly mapping: Mapping;
  readonly saved: ApiDocumentImport | null;
}) {
  const { suggested, read, mapping, saved } = of;
  return {
    mapping,
    columns: suggested.columns,
    notes: suggested.suggestion?.notes ?? [],
    missing: suggested.suggestion?.missing ?? [],
    lines: read.lines.slice(0, SHOWN_LINES),
    failures_by_code: read.failures_by_code,
    document_import: saved,
  };
}
