import type { FastifySchemaValidationError } from 'fastify/types/schema.js';

const MOST_SHOWN = 100;

/** One sentence of what was expected and what came, from the validator's first complaint. */
export function describeInvalid(
  validation: readonly FastifySchemaValidationError[],
  context: string | undefined,
): string {
  const first = validation.find((each) => !isOfNull(each)) ?? validation[0];
  if (first === undefined) return 'the request is not valid';
  const { instancePath, keyword, params, message = 'is not valid' } = first;
  const orNull = validation.some((each) => isOfNull(each) && each.instancePath === instancePath);
  const where = instancePath.slice(1).replaceAll('/', '.');
  if (keyword === 'required') {
    const missing = [where, params.missingProperty].filter(Boolean).join('.');
    return `${missing} is required`;
  }
  if (keyword === 'additionalProperties') {
    const unknown = [where, params.additionalProperty].filter(Boolean).join('.');
    const known = Object.keys((first as { parentSchema?: Properties }).parentSchema?.properties ?? {});
    return `${shorten(JSON.stringify(unknown))} is no member of this request: known are ${known.join(', ')}`;
  }
  const came = `got ${shorten(JSON.stringify((first as { data?: unknown }).data) ?? 'nothing')}`;
  const expected = expectation(keyword, params, message) + (orNull ? ' or null' : '');
  return `${where || `the ${context ?? 'request'}`} ${expected}, ${came}`;
}

type Properties = { readonly properties?: Readonly<Record<string, unknown>> };

/** The complaint of a schema's alternative that takes null alone (`nullOr`). */
function isOfNull({ keyword, params }: FastifySchemaValidationError): boolean {
  return keyword === 'enum' && JSON.stringify(params.allowedValues) === '[null]';
}

function expectation(keyword: string, params: Record<string, unknown>, message: string): string {
  if (keyword === 'enum' && Array.isArray(params.allowedValues))
    return `must be one of ${params.allowedValues.join(', ')}`;
  if (keyword === 'type') return `must be ${describeTypes(params.type)}`;
  if (keyword === 'pattern') return 'must be an id: a decimal number';
  return message;
}

/** What a type of JSON is called in messages, here as for the fields of a file. */
const TYPE_NAMES: Readonly<Record<string, string>> = {
  array: 'an array',
  boolean: 'true or false',
  integer: 'a whole number',
  number: 'a number',
  object: 'an object',
  string: 'a text',
};

/** The types of a schema, one or several: `a whole number or null`. */
export function describeTypes(types: unknown): string {
  return [types]
    .flat()
    .map((type) => TYPE_NAMES[String(type)] ?? String(type))
    .join(' or ');
}

function shorten(text: string): string {
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text;
}
