import { type Static, type TLiteral, type TObject, type TSchema, Type } from 'typebox';

/**
 * One spelling of a record: its fields, each a schema under the name of its column. The type in the
 * code, the answer of the API and the type of a client are made of them; `store/records/table.ts`
 * reads and writes the rows. A member is named as its column, in the code in camel case. The API
 * says neither `is_` nor the unit `_ms`. A literal is a constant of the answer alone.
 */
export type Fields = Readonly<Record<string, TSchema>>;

type Camel<S extends string> = S extends `${infer A}_${infer B}` ? `${A}${Capitalize<Camel<B>>}` : S;
type WithoutUnit<S extends string> = S extends `${infer A}_ms` ? A : S;
type Answered<S extends string> = WithoutUnit<S extends `is_${infer A}` ? A : S>;
type Frozen<T> = T extends readonly (infer E)[] ? readonly E[] : T;

/** The record as the code has it. */
export type RecordOf<F extends Fields> = {
  readonly [K in keyof F & string as F[K] extends TLiteral ? never : Camel<K>]: Frozen<Static<F[K]>>;
};

/** The schema of its answer, in the order of the fields. */
type AnswerOf<F extends Fields> = TObject<{ [K in keyof F & string as Answered<K>]: F[K] }>;

/** `time_zone` is `timeZone` in the code. */
export function memberOf(column: string): string {
  return column.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** `timeZone` is of the column `time_zone`. */
export function columnOf(member: string): string {
  return member.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** `default_ttl_ms` is `default_ttl` in the API, and `is_default` is `default`. */
export function answerNameOf(column: string): string {
  return column.replace(/^is_|_ms$/g, '');
}

/** The names of fields that are in the code, without constants of the answer. */
export function columnsOf(fields: Fields): readonly string[] {
  return Object.keys(fields).filter((column) => !('const' in (fields[column] ?? {})));
}

/** The schema of an answer, or of a request, with these members. */
export function schemaOf<F extends Fields>(fields: F): AnswerOf<F> {
  const members = Object.entries(fields).map(([column, schema]) => [answerNameOf(column), schema]);
  return Type.Object(Object.fromEntries(members)) as unknown as AnswerOf<F>;
}

/** Makes the answer of a record. */
export function viewer<F extends Fields>(fields: F): (record: RecordOf<F>) => Static<AnswerOf<F>> {
  const members = Object.entries(fields).map(([column, schema]) => ({
    name: answerNameOf(column),
    member: memberOf(column),
    constant: (schema as { readonly const?: unknown }).const,
  }));
  return (record) => {
    const answer: Record<string, unknown> = {};
    for (const { name, member, constant } of members)
      answer[name] = constant ?? (record as Record<string, unknown>)[member];
    return answer as Static<AnswerOf<F>>;
  };
}

/** The members of a record that the body of a request gives, which `fields` may change. */
export function membersGiven<F extends Fields>(
  fields: F,
  body: { readonly [K in keyof F & string as Answered<K>]?: Static<F[K]> | undefined },
): Partial<RecordOf<F>> {
  const given: Record<string, unknown> = {};
  for (const column of Object.keys(fields)) {
    const value = (body as Readonly<Record<string, unknown>>)[answerNameOf(column)];
    if (value !== undefined) given[memberOf(column)] = value;
  }
  return given as Partial<RecordOf<F>>;
}
