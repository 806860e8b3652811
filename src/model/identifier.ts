/**
 * What a user point is found by (spec §1): an account in a compartment, an email hash, or a user
 * agent id.
 */
export type IdentifierKind = 'USER_ACCOUNT' | 'USER_EMAIL' | 'USER_AGENT';

/**
 * One identifier of a user inside a datamart. `compartmentId` is `'0'` unless the kind is
 * `USER_ACCOUNT`. `value` is verbatim: never trimmed, never folded, compared byte for byte (spec
 * §5).
 */
export type Identifier = {
  readonly kind: IdentifierKind;
  readonly compartmentId: string;
  readonly value: string;
};

/** The compartment id written where an identifier has none. */
export const NO_COMPARTMENT = '0';

/** How a kind is stored; also the bit it sets in the sets of kinds that memberships carry. */
export const KIND_BIT: Readonly<Record<IdentifierKind, number>> = {
  USER_ACCOUNT: 1,
  USER_EMAIL: 2,
  USER_AGENT: 4,
};

/** The kind stored as `bit`; throws on a bit that no kind has. */
export function kindOfBit(bit: number): IdentifierKind {
  for (const kind of Object.keys(KIND_BIT) as IdentifierKind[]) if (KIND_BIT[kind] === bit) return kind;
  throw new Error(`no identifier kind is stored as ${bit}`);
}

/** A UUID as the two unsigned 64-bit halves the embedded store keeps and sorts by. */
export type UuidHalves = { readonly hi: bigint; readonly lo: bigint };

/** The halves as `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`. */
export function formatUuid({ hi, lo }: UuidHalves): string {
  const hex = hi.toString(16).padStart(16, '0') + lo.toString(16).padStart(16, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** The halves of a UUID in either case, or null when the text is no UUID. */
export function parseUuid(text: string): UuidHalves | null {
  if (!/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(text)) return null;
  const hex = text.replaceAll('-', '');
  return { hi: BigInt(`0x${hex.slice(0, 16)}`), lo: BigInt(`0x${hex.slice(16)}`) };
}

/** One identifier of a user point, as it is stored. */
export type StoredIdentifier = Identifier & { readonly creationTs: number };

/** Why a user point was looked for: by its own id, or by one of its identifiers. */
export type UserSelector =
  | { readonly by: 'user_point_id'; readonly userPointId: UuidHalves }
  | { readonly by: 'identifier'; readonly identifier: Identifier };
