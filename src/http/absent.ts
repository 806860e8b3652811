/** A JSON schema as far as `dropAbsent` looks at it. */
type ObjectSchema = {
  readonly properties?: Readonly<Record<string, { readonly type?: unknown }>>;
  readonly required?: readonly string[];
};

/**
 * Makes "an empty string for an optional text is absent" (spec §2) true before the validator looks:
 * of the members that a schema does not require, empty and null ones are taken out, or made null
 * where null is a value of its own.
 */
export function dropAbsent(schema: unknown, members: unknown): void {
  if (typeof members !== 'object' || members === null || Array.isArray(members)) return;
  const { properties = {}, required = [] } = (schema ?? {}) as ObjectSchema;
  const record = members as Record<string, unknown>;
  for (const [name, property] of Object.entries(properties)) {
    // a value that may be null on purpose alone (`nullOr`)
    if (property.type === undefined) continue;
    if (!Object.hasOwn(record, name) || (record[name] !== '' && record[name] !== null)) continue;
    if (Array.isArray(property.type) && property.type.includes('null')) record[name] = null;
    else if (!required.includes(name)) delete record[name];
  }
}
