import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cleanFileName } from '../../src/documents/clean-file-name.ts';
import { listOf, pageOf } from '../../src/http/answers.ts';
import { errorFileName, fileUri, parseFileUri } from '../../src/http/data-files/uri.ts';
import { viewExecution } from '../../src/http/executions/view.ts';
import { checkContentType, nameInDisposition } from '../../src/http/uploads/content-type.ts';
import { type Execution, PLAIN_IMPORT, START } from '../../src/model/execution.ts';

const pending: Execution = {
  id: '5',
  organisationId: '1',
  datamartId: '2',
  job: { type: 'DOCUMENT_IMPORT', documentImportId: '3' },
  mimeType: 'APPLICATION_X_NDJSON',
  priority: 'MEDIUM',
  userId: '4',
  status: 'PENDING',
  creationDate: 1_000,
  startDate: null,
  endDate: null,
  cancelRequested: false,
  failure: null,
  document: { folder: 'f', fileName: 'users.ndjson', bytes: 1_000, sha256: '' },
  options: PLAIN_IMPORT,
  segmentsCreated: [],
  mapping: null,
  reverts: null,
  revertedBy: null,
  corrects: null,
  repaired: null,
  filesRemovedDate: null,
  checked: { bytes: 0, commands: 0 },
  checkpoint: START,
};
const running: Execution = { ...pending, status: 'RUNNING', startDate: 2_000 };
const halfway = { ...START, offset: 500, successes: 8, failures: 2, errorFileBytes: 9 };

test('shows a PENDING execution without anything that is not known yet', () => {
  const view = viewExecution(pending, 9_000);
  assert.equal(view.start_date, null);
  assert.equal(view.duration, null);
  assert.equal(view.num_tasks, null);
  assert.equal(view.completed_tasks, null);
  assert.equal(view.error, null);
  assert.ok(!('progress' in view) && !('debug' in view) && !('job_type' in view));
  assert.deepEqual([view.parameters.datamart_id, view.parameters.document_import_id], [2, 3]);
});

test('shows how far a file is checked of which nothing is applied yet', () => {
  const options = { ...PLAIN_IMPORT, maxFailureRatio: 0.1 };
  const checking = { ...running, options, checked: { bytes: 250, commands: 5 } };
  const view = viewExecution(checking, 4_000);
  assert.deepEqual(view.progress, {
    phase: 'CHECKING',
    step: null,
    waiting: null,
    bytes_read: 250,
    bytes_total: 1_000,
    commands_read: 5,
    commands_per_second: 3,
    eta_ms: null,
  });
  assert.equal(view.debug, '250 of 1000 bytes checked (25 %), 3 commands per second');
  assert.equal(view.completed_tasks, 0);
  const rehearsed = viewExecution({ ...checking, options: { ...options, dryRun: true } }, 4_000);
  assert.equal(rehearsed.progress?.eta_ms, 6_000);
  const read = viewExecution({ ...checking, checked: { bytes: 1_000, commands: 20 } }, 4_000);
  assert.deepEqual([read.progress?.phase, read.progress?.bytes_read], ['APPLYING', 0]);
});

test('shows how far a RUNNING execution is', () => {
  const view = viewExecution({ ...running, checkpoint: halfway }, 4_000);
  assert.deepEqual(view.progress, {
    phase: 'APPLYING',
    step: null,
    waiting: null,
    bytes_read: 500,
    bytes_total: 1_000,
    commands_read: 10,
    commands_per_second: 5,
    eta_ms: 2_000,
  });
  assert.equal(view.debug, '500 of 1000 bytes read (50 %), 5 commands per second');
  assert.equal(view.completed_tasks, 10);
  assert.equal(view.num_tasks, null);
  assert.equal(view.error, null);
  assert.ok(!('error_file_uri' in view.result));
  const begun = viewExecution(running, 2_000);
  assert.deepEqual([begun.progress?.eta_ms, begun.progress?.commands_per_second], [null, null]);
  assert.equal(begun.debug, '0 of 1000 bytes read (0 %)');
});

test('shows how far a RUNNING execution is between two checkpoints, where that is known', () => {
  const live = { step: 'MERGING', bytes: 1_000, commands: 60 } as const;
  const view = viewExecution({ ...running, checkpoint: halfway }, 4_000, { live });
  assert.deepEqual(view.progress, {
    phase: 'APPLYING',
    step: 'MERGING',
    waiting: null,
    bytes_read: 1_000,
    bytes_total: 1_000,
    commands_read: 60,
    commands_per_second: 30,
    eta_ms: 2_000,
  });
  assert.equal(view.debug, '1000 of 1000 bytes read (100 %), 30 commands per second, merging');
  assert.equal(view.completed_tasks, 10, 'what is merged and no more');
  assert.ok(!('progress' in viewExecution(pending, 4_000, { live })));
});

test('shows that a RUNNING execution is held back for look-ups', () => {
  const waiting = { reason: 'LOOK_UPS', since: 3_000 } as const;
  const live = { step: 'WAITING', bytes: 1_000, commands: 60, waiting } as const;
  const { progress, debug } = viewExecution({ ...running, checkpoint: halfway }, 4_000, { live });
  assert.deepEqual([progress?.step, progress?.waiting], ['WAITING', waiting]);
  assert.match(debug ?? '', /, waiting: LOOK_UPS$/);
});

test('sums up the failures of an ended execution by code, most frequent first', () => {
  const failuresByCode = { INVALID_JSON: 2, UNKNOWN_SEGMENT: 10 };
  const checkpoint = { ...halfway, successes: 88, failures: 12, failuresByCode };
  const view = viewExecution({ ...running, status: 'SUCCEEDED', endDate: 2_000, checkpoint }, 9_000);
  assert.equal(view.error?.message, '12 of 100 commands failed: UNKNOWN_SEGMENT 10, INVALID_JSON 2');
  assert.equal(view.duration, 1);
  assert.equal(view.num_tasks, 100);
  assert.equal(view.result.error_file_uri, 'mics://data_file/tenants/1/datamarts/2/executions/5/errors');
  assert.deepEqual(view.result.failures_by_code, failuresByCode);
});

test('says why an execution FAILED, and that a CANCELED one never started', () => {
  const failed = viewExecution(
    { ...running, status: 'FAILED', endDate: 5_000, failure: 'the disk is full' },
    9_000,
  );
  assert.deepEqual(failed.error, { message: 'the disk is full' });
  assert.equal(failed.duration, 3_000);
  const canceled = viewExecution({ ...pending, status: 'CANCELED', endDate: 5_000 }, 9_000);
  assert.deepEqual([canceled.start_date, canceled.duration, canceled.num_tasks], [null, 1, 0]);
});

test('shows a single-segment import under its own names', () => {
  const job = { type: 'USER_SEGMENT_IMPORT', segmentId: '8' } as const;
  const view = viewExecution(
    { ...running, status: 'SUCCEEDED', endDate: 5_000, job, checkpoint: halfway },
    9_000,
  );
  assert.equal(view.job_type, 'USER_SEGMENT_IMPORT');
  assert.equal(view.result.total_user_segment_imported, 8);
  assert.equal(view.result.total_user_segment_treated, 10);
  assert.equal(view.parameters.segment_id, '8');
});

test('reads back its own file URIs and nothing else', () => {
  const uri = fileUri(pending, 'input');
  assert.deepEqual(parseFileUri(uri), {
    organisationId: '1',
    datamartId: '2',
    executionId: '5',
    file: 'input',
  });
  const base = 'mics://data_file/tenants/1/datamarts/2/executions/5/';
  for (const other of ['', '../input', 'input/', 'input\n', 'input/../../x', 'INPUT', 'f/input']) {
    assert.equal(parseFileUri(base + other), null, other);
  }
  assert.equal(parseFileUri('/etc/passwd'), null);
  assert.equal(parseFileUri(`x${uri}`), null);
});

test('names error files after their input', () => {
  assert.equal(errorFileName('users.csv'), 'users.errors.csv');
  assert.equal(errorFileName('users'), 'users.errors');
  assert.equal(errorFileName('.users'), '.users.errors');
});

test('keeps of a file name only what is a name', () => {
  const clean = (name: string | null) => cleanFileName(name, 'TEXT_CSV');
  assert.equal(clean('C:\\data\\users.csv'), 'users.csv');
  assert.equal(clean('../../etc/passwd'), 'passwd');
  assert.equal(clean('a\r\nX-Evil: 1\u2028.csv'), 'aX-Evil: 1.csv');
  assert.equal(clean('ü'.repeat(300)).length, 255);
  for (const none of [null, '', '.', '..', 'x/', '\u0000']) assert.equal(clean(none), 'document.csv');
  assert.equal(cleanFileName(null, 'APPLICATION_X_NDJSON'), 'document.ndjson');
});

test('reads names out of Content-Disposition', () => {
  assert.equal(nameInDisposition('attachment; filename="a \\"b\\".csv"'), 'a "b".csv');
  assert.equal(nameInDisposition('attachment; filename=plain.csv'), 'plain.csv');
  assert.equal(nameInDisposition("attachment; filename=x; filename*=UTF-8''%C3%BC.csv"), 'ü.csv');
  assert.equal(nameInDisposition("attachment; filename=x; filename*=UTF-8''%ff"), 'x');
  assert.equal(nameInDisposition('attachment'), null);
  assert.equal(nameInDisposition(undefined), null);
});

test('clamps pages and splits lists', () => {
  assert.deepEqual(pageOf({}), { firstResult: 0, maxResults: 50 });
  assert.deepEqual(pageOf({ first_result: 3, max_results: 2_147_483_647 }), {
    firstResult: 3,
    maxResults: 1_000,
  });
  assert.deepEqual(listOf('a, b,,c'), ['a', 'b', 'c']);
  assert.equal(listOf(','), undefined);
  assert.equal(listOf(undefined), undefined);
});

test('takes the Content-Type of the import in any spelling, or a form', () => {
  for (const header of [
    'text/csv',
    'TEXT/CSV',
    'text/csv; charset=utf-8',
    'text/csv;charset="UTF8"; header=present',
  ]) {
    assert.equal(checkContentType(header, 'TEXT_CSV'), 'BODY');
  }
  assert.equal(checkContentType('multipart/form-data; boundary=x', 'TEXT_CSV'), 'MULTIPART');
  for (const header of [
    undefined,
    '',
    'application/x-ndjson',
    'text/csv; charset=latin1',
    'application/json',
  ]) {
    assert.throws(() => checkContentType(header, 'TEXT_CSV'), { code: 'CONTENT_TYPE_MISMATCH' });
  }
});
