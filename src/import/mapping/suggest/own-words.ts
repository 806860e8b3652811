/**
 * Words for the two operations, each with its counterpart: a file may have one of them in its first
 * rows alone.
 */
const OPERATION_PAIRS: readonly (readonly [update: string, remove: string])[] = [
  ['update', 'delete'],
  ['upsert', 'delete'],
  ['insert', 'delete'],
  ['add', 'remove'],
  ['added', 'removed'],
  ['create', 'delete'],
  ['subscribe', 'unsubscribe'],
  ['subscribed', 'unsubscribed'],
  ['join', 'leave'],
  ['enter', 'exit'],
  ['entered', 'exited'],
  ['in', 'out'],
  ['+', '-'],
  ['u', 'd'],
  ['i', 'd'],
  ['a', 'r'],
  ['ajouter', 'supprimer'],
  ['ajout', 'suppression'],
  ['ajout', 'retrait'],
  ['ajouter', 'retirer'],
  ['hinzufügen', 'entfernen'],
  ['hinzufuegen', 'entfernen'],
  ['hinzufügen', 'löschen'],
  ['hinzufuegen', 'loeschen'],
  ['aktualisieren', 'löschen'],
  ['neu', 'weg'],
  ['anmelden', 'abmelden'],
  ['añadir', 'eliminar'],
  ['anadir', 'eliminar'],
  ['añadir', 'quitar'],
  ['agregar', 'eliminar'],
  ['insertar', 'borrar'],
  ['actualizar', 'borrar'],
  ['alta', 'baja'],
];
/** Short words that mean much else where the name of the column says nothing. */
const MIN_TELLING_CHARS = 3;

const NEVER = new Set([
  ...[
    'never',
    'none',
    'unlimited',
    'forever',
    'permanent',
    'infinite',
    'infinity',
    'no expiry',
    'no expiration',
  ],
  ...['jamais', 'illimité', 'illimite', 'permanente', 'nie', 'niemals', 'unbegrenzt', 'unbefristet'],
  ...['nunca', 'ilimitado', 'indefinido', 'sans fin', 'ohne ende', 'sin fin'],
]);

/** What a word for an operation means, or null. Capitals and blanks around it do not count. */
export function operationOf(word: string): 'UPDATE' | 'DELETE' | null {
  const folded = word.trim().toLowerCase();
  if (OPERATION_PAIRS.some(([update]) => update === folded)) return 'UPDATE';
  return OPERATION_PAIRS.some(([, remove]) => remove === folded) ? 'DELETE' : null;
}

/** Say what somebody has agreed to, which need not be the segment of the file. */
const CONSENTS = /^(?:un)?subscribed?$/;

/** Whether a word says by itself that it is about an operation. */
export function isTelling(word: string): boolean {
  return (
    word.trim().length >= MIN_TELLING_CHARS &&
    operationOf(word) !== null &&
    !CONSENTS.test(word.trim().toLowerCase())
  );
}

/**
 * What the own words of a column of operations stand for, with the counterparts of those that came.
 */
export function operationWords(came: readonly string[]): Readonly<Record<string, string>> {
  const own = came.filter((word) => word !== 'UPDATE' && word !== 'DELETE');
  const words: Record<string, string> = {};
  for (const word of own.map((each) => each.trim().toLowerCase())) {
    words[word] = operationOf(word) ?? 'UPDATE';
    const pairs = OPERATION_PAIRS.filter((pair) => pair.includes(word));
    const isKnown = pairs.some((pair) =>
      pair.every((each) => own.some((o) => o.trim().toLowerCase() === each)),
    );
    // `add` and `remove` came: the other counterparts of either are not needed
    for (const [update, remove] of isKnown ? [] : pairs)
      Object.assign(words, { [update]: 'UPDATE', [remove]: 'DELETE' });
  }
  return words;
}

/** Whether a word says that a membership never ends. */
export function isNever(word: string): boolean {
  return NEVER.has(word.trim().toLowerCase());
}
