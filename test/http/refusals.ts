import assert from 'node:assert/strict';
import type { Answer } from '../client.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Asserts that an answer is an error of spec §2; gives its text. */
export async function refused(answer: Promise<Answer>, status: number, code: string): Promise<string> {
  const { json, text, ...got } = await answer;
  assert.equal(got.status, status, text);
  const error = json as { status: string; error: string; error_code: string; error_id: string };
  assert.equal(error.status, 'error');
  assert.equal(error.error_code, code, text);
  assert.match(error.error_id, UUID);
  assert.equal(got.headers.get('x-request-id'), error.error_id);
  assert.match(got.headers.get('content-type') ?? '', /^application\/json/);
  return error.error;
}

/** Asserts 404 with the text that clients compare. */
export async function missing(answer: Promise<Answer>): Promise<void> {
  assert.equal(await refused(answer, 404, 'NOT_FOUND'), 'Resource Not Found');
}
