import { counted } from './counted.ts';
import { AUTH, cli, command, JSON_BODY } from './lines.ts';

/** Imports, uploads and the preview of a file. */
export const importsTexts = {
  imports: {
    title: 'Imports',
    subtitle: 'An import is a named feed, such as “CRM nightly”. Each file you upload to it is one run.',
    create: 'New import',
    createIt: 'Create import',
    search: 'Search imports',
    name: 'Name',
    nameHint: 'For example “CRM nightly”.',
    format: 'Format',
    allFormats: 'All formats',
    priority: 'Priority',
    priorityHint: 'Files of higher priority run first.',
    last: 'Last file',
    noFile: 'none yet',
    outcome: 'Outcome',
    lines: 'Lines',
    outcomes: {
      '': 'All outcomes',
      failures: 'With failed lines',
      failed: 'Failed',
      running: 'Waiting or running',
      none: 'No file yet',
    },
    shown: (shown: string, all: string) => `${shown} of ${all}`,
    about: (id: string, format: string, priority: string) =>
      `Import ${id} · ${format} · ${priority} priority`,
    delete: 'Delete import',
    deleteTitle: (name: string) => `Delete the import “${name}”?`,
    deleteText: 'This also deletes its runs and their files. Memberships stay.',
    none: {
      title: 'No imports yet',
      text: 'Create a segment first, then an import, then drop files on it. Or use a terminal, with your token in MUSTER_TOKEN:',
      curl: 'Create an import',
      curlLine: (origin: string, dm: string) =>
        `curl ${AUTH} ${JSON_BODY} -d '{"name":"nightly","document_type":"USER_SEGMENT","mime_type":"APPLICATION_X_NDJSON"}' ${origin}/v1/datamarts/${dm}/document_imports`,
      cli: 'Add a user to a segment with a file',
      cliLine: (origin: string, dm: string) =>
        [
          cli('segments create "First segment" --technical-name first', origin, dm),
          `echo '${command({ segment_technical_name: 'first' })}' > first.ndjson`,
          cli('import first.ndjson', origin, dm),
        ].join('\n'),
    },
  },
  expected: {
    title: 'Expected files',
    nothing: 'Files may come at any time.',
    noneExpected: 'No import says when its files are due. Set it on the page of an import.',
    set: 'Say when files are due',
    change: 'Change',
    about: 'Webhooks and this page tell of files that are late, missing or not as usual.',
    every: 'Every',
    everyHint: '6h, 1d, 1w …',
    by: 'By',
    byHint: 'In the time zone below',
    on: 'Only on',
    onHint: 'MON, TUE …; empty: every day. For weeks, the one day.',
    zone: 'Time zone',
    zoneHint: 'Such as Europe/Paris; empty: that of the datamart',
    minCommands: 'Fewest lines',
    maxChange: 'Largest change against usual',
    maxFailures: 'Most failed lines',
    noLimit: 'no limit',
    save: 'Save',
    remove: 'Expect nothing',
    import: 'Import',
    state: 'State',
    nextDue: 'Next file due',
    lastDue: 'Was due',
    lastFile: 'Last file:',
    noFile: 'No file has succeeded yet.',
    run: (id: string) => `run ${id}`,
    commands: (count: string) => counted(count, 'line'),
    usually: (count: string) => `usually ${count}`,
    usual: 'Usually',
    schedule: (of: { every: string; by: string; on: string | null; zone: string }) =>
      `Every ${of.every}${of.on === null ? '' : ` on ${of.on}`} by ${of.by} (${of.zone})`,
    atLeast: (count: string) => `at least ${counted(count, 'line')}`,
    changed: (share: string) => `at most ${share} more or fewer than usual`,
    failed: (share: string) => `at most ${share} failed`,
    states: {
      WAITING: 'Nothing due yet',
      ON_TIME: 'On time',
      CAME_LATE: 'Came late',
      LATE: 'Late',
      MISSING: 'Missing',
    },
    problems: { UNUSUAL_SIZE: 'Unusual size', MANY_FAILURES: 'Many failures' },
  },
  mapping: {
    sample: 'Sample file (optional)',
    sampleHint: 'Its first lines show which columns mean what.',
    columns: 'Columns',
    becomesOf: (name: string) => `What ${name} becomes`,
    segment: 'Segment of all lines',
    minutes: 'Minutes until members leave, 0 for ever',
    unread: 'Not read',
  },
  uploads: {
    drop: 'Drop files here',
    chooseFiles: 'Choose files',
    choose: 'Files to upload',
    dropHint: (format: string) =>
      `${format}, plain or compressed with gzip or zstd. You see a preview before anything is sent.`,
    dropParquet: 'Parquet. A dry run checks every row before anything is applied.',
    ofFile: (name: string) => `Upload of ${name}`,
    dismiss: (name: string) => `Dismiss ${name}`,
    sent: 'Sent so far',
    sending: (count: number) => (count === 1 ? '1 file is being sent' : `${count} files are being sent`),
    progress: (sent: string, all: string) => `Sent ${sent} of ${all}`,
    rate: (bytes: string) => `${bytes}/s`,
    receiving: 'Sent. Waiting for Muster to store it…',
    stop: 'Stop upload',
    mode: 'What the file does',
    modes: { APPLY: 'Apply its lines', REPLACE: 'Replace segments' },
    modeHints: {
      APPLY: 'UPDATE adds users, DELETE removes them. Users that the file does not name stay as they are.',
      REPLACE:
        'Afterwards each segment in the file holds exactly the users of the file. All others leave it.',
    },
    createMissingSegments: 'Create missing segments',
    maxFailures: 'Stop if more lines fail than',
    maxShrink: 'Stop if a segment shrinks by more than',
    noLimit: 'no limit',
    dryRun: 'Dry run',
    import: 'Import',
    replace: 'Replace',
    replaceAfterAsking: 'Replace…',
    discard: 'Discard',
  },
  replacing: {
    title: (file: string) => `Replace segments by ${file}?`,
    checking: 'Checking who would leave, with a dry run of this file. Nothing changes yet.',
    sent: (sent: string, all: string) => `Sent ${sent} of ${all}`,
    loses: (name: string, of: { lost: string; before: string; share: string }) =>
      `${name} loses ${of.lost} of ${counted(of.before, 'member')} (${of.share}).`,
    exchanges: (after: string) => `With those who come in it has ${after}.`,
    grows: (name: string, before: string, after: string) =>
      before === after
        ? `${name} keeps its size of ${counted(after, 'member')}.`
        : `${name} grows from ${before} to ${counted(after, 'member')}.`,
    others: (count: string) => `And ${counted(count, 'segment')} that lose less.`,
    undo: 'You can revert the run to bring them back.',
    shrinksTooMuch: (share: string, allowed: string) =>
      `A segment would lose ${share}, and you allow ${allowed}: nothing would be applied.`,
    failsTooMuch: (count: string, share: string, allowed: string) =>
      `${counted(count, 'line')} would fail (${share}), and you allow ${allowed}: nothing would be applied.`,
    allow: (share: string) => `Allow ${share}`,
    typeName: (name: string) => `Half or more would leave. Type “${name}” to confirm`,
  },
  preview: {
    title: 'Preview of the first lines',
    summary: (records: string, failed: string, isWhole: boolean) => {
      if (records === '0')
        return isWhole
          ? 'The file holds no command: it would change nothing.'
          : 'There is no command in the first part of the file.';
      return `${isWhole ? 'All' : 'The first'} ${counted(records, 'command')}${isWhole ? '' : ' of the file'}: ${failed === '0' ? 'no mistakes' : `${failed} would fail`}.`;
    },
    refused: 'Muster would refuse this file',
    compressed:
      'The browser cannot decompress this file, so there is no preview. A dry run checks every line.',
    parquet: 'There is no preview of a Parquet file. A dry run checks every row.',
    separator: 'Separator',
    tab: 'tab',
    columns: 'columns',
    ignored: 'ignored',
    unnamed: 'no name',
    line: 'Line',
    operation: 'Does',
    operations: { UPDATE: 'put in', DELETE: 'take out' },
    user: 'User',
    segments: 'Segments',
    expiry: 'Leaves',
    dataBag: 'Data bag',
  },
};
