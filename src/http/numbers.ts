import { ServiceError } from '../errors.ts';
import { describeTypes } from './describe-invalid.ts';

/**
 * Numbers of requests. The validator turns texts into numbers as JavaScript does, which takes
 * `Infinity`, `0x10` and blanks for numbers too; and what is beyond every bound of a column would
 * be a fault of the store. So texts are looked at before the validator does, and every number in
 * the schema of a request has its bounds.
 */

type Schema = {
  readonly type?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  /** The largest value that is used: larger ones are cut to it, and not refused. */
  readonly 'x-clamped'?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
};

/** A decimal number: as JSON writes it, or as `.05` and `007`. */
const NUMBER = /^-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const MAX_SHOWN = 60;

/**
 * Refuses texts that are no decimal numbers where the schema wants a number. Empty ones are left to
 * `dropAbsent`.
 *
 * @throws ServiceError INVALID_REQUEST
 */
export function checkNumbers(schema: unknown, value: unknown, name = ''): void {
  const { properties, items, anyOf } = (schema ?? {}) as Schema;
  if (typeof value === 'string') checkNumber(schema as Schema, value, name);
  else if (Array.isArray(value)) for (const element of value) checkNumbers(items, element, name);
  else if (typeof value === 'object' && value !== null) {
    for (const [member, expected] of Object.entries(properties ?? {}))
      if (Object.hasOwn(value, member))
        checkNumbers(
          expected,
          (value as Record<string, unknown>)[member],
          name ? `${name}.${member}` : member,
        );
  }
  for (const alternative of anyOf ?? []) checkNumbers(alternative, value, name);
}

function checkNumber(schema: Schema | undefined, text: string, name: string): void {
  if (!isNumeric(schema) || text === '' || NUMBER.test(text)) return;
  const expected = describeTypes(schema?.type);
  const shown = JSON.stringify(text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text);
  throw new ServiceError('INVALID_REQUEST', `${name} must be ${expected}, got ${shown}`);
}

/** Whether a schema wants a number, beside null or not. */
function isNumeric(schema: Schema | undefined): boolean {
  const types = [schema?.type].flat();
  return !types.includes('string') && (types.includes('integer') || types.includes('number'));
}

/** Names of the numbers without bounds in the schema of a request: what no route may have. */
export function unboundedNumbers(schema: unknown, name = 'request'): readonly string[] {
  const { properties = {}, items, anyOf = [], minimum, ...of } = (schema ?? {}) as Schema;
  const isBounded = Number.isFinite(minimum) && Number.isFinite(of.maximum ?? of['x-clamped']);
  return [
    ...(isNumeric(schema as Schema) && !isBounded ? [name] : []),
    ...Object.entries(properties).flatMap(([member, each]) => unboundedNumbers(each, `${name}.${member}`)),
    ...(items === undefined ? [] : unboundedNumbers(items, `${name}[]`)),
    ...anyOf.flatMap((each) => unboundedNumbers(each, name)),
  ];
}
