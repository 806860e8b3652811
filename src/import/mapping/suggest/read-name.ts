/** What a word in the name of a column is about. */
type Role =
  | 'WHO'
  | 'ID'
  | 'EMAIL'
  | 'HASH'
  | 'PHONE'
  | 'AGENT'
  | 'SEGMENT'
  | 'NAME'
  | 'OPERATION'
  | 'EXPIRY'
  | 'DURATION'
  | 'MINUTES'
  | 'HOURS'
  | 'DAYS'
  | 'DATE'
  | 'PAST'
  | 'BAG'
  | 'FILLER';

/**
 * What the columns of files are called, in English, French, German and Spanish, without accents and
 * in small letters.
 */
const WORDS: Readonly<Record<Role, string>> = {
  WHO: `customer customers client clients user users member account contact person people subscriber profile lead
    buyer shopper visitor external crm loyalty kunde kunden nutzer benutzer mitglied mitglieds konto kontakt
    utilisateur adherent abonne compte cliente clientes usuario socio cuenta contacto`,
  ID: `id ids uid guid uuid identifier key number num nr no n code ref reference nummer nummern kennung schluessel
    schlussel identifiant numero cle identificador codigo clave matricule`,
  EMAIL: 'email emails mail mails courriel courriels correo correos electronico',
  HASH: 'sha sha256 256 sha1 md5 hash hashed hex hashe hachage hasheado',
  PHONE: 'phone phones telephone tel mobile cell handy telefon telefono portable movil msisdn telefonnummer',
  AGENT:
    'agent device cookie idfa gaid aaid maid advertising browser vector gerat geraete appareil dispositivo',
  SEGMENT: `segment segments segmente segmento segmentos audience audiences audiencia audiencias zielgruppe
    zielgruppen list lists liste listes listen lista listas group groups groupe groupes gruppe gruppen grupo grupos
    cohort cohorts cohorte kohorte`,
  NAME: 'name names technical nom technique technisch technischer nombre tecnico label titre title',
  OPERATION: `op ops operation operations action actions command change event verb aktion vorgang anderung
    aenderung operacion accion cambio changement statut status state type typ tipo`,
  EXPIRY: `expires expire expired expiry expiration until valid end ends expira caduca caducidad vencimiento
    vence hasta vigencia fin echeance peremption validite valable jusqu jusquau ablauf ablaufdatum verfall verfalls
    gultig gueltig gultigkeit bis ende`,
  DURATION: 'duration ttl lifetime lifespan period duree dauer laufzeit duracion',
  MINUTES: 'minute minutes min mins minuten minuto minutos',
  HOURS: 'hour hours heure heures stunde stunden hora horas h',
  DAYS: 'day days jour jours tag tage tagen dia dias',
  DATE: 'date dates datum fecha time timestamp ts datetime',
  PAST: `created creation updated update modified modification birth birthday birthdate signup joined registered
    registration last first seen visit purchase order geburtsdatum geburtstag erstellt angelegt geandert
    naissance creee cree modifie inscription nacimiento creado modificado alta ultima ultimo`,
  BAG: 'bag attributes properties traits custom data attribute eigenschaften attributs atributos',
  FILLER:
    'of the at on in en to is for fur pour para de du d l la le el des del au a my primary main record fields payload utc iso address addresses adresse direccion',
};

const ROLE_BY_WORD: ReadonlyMap<string, Role> = new Map(
  Object.entries(WORDS).flatMap(([role, words]) =>
    words.split(/\s+/).map((word) => [word, role as Role] as const),
  ),
);
const LONGEST_WORD = Math.max(...[...ROLE_BY_WORD.keys()].map((word) => word.length));
/** A longer name says nothing. */
const MAX_NAME_CHARS = 80;

/** What a name says of its column. */
export type ReadName = {
  readonly roles: ReadonlySet<Role>;
  /** Whether every word of it is known: `Customer ID`, and not `Order ID`. */
  readonly isKnown: boolean;
};

/** Reads a name such as `Customer ID`, `CUSTOMER_ID`, `customerId`, `Kundennummer` or `user.id`. */
export function readName(name: string): ReadName {
  const roles = new Set<Role>();
  let isKnown = name.length <= MAX_NAME_CHARS;
  for (const word of isKnown ? wordsOf(name) : []) {
    const found = readWord(word);
    if (found === null) isKnown = false;
    for (const role of found ?? []) roles.add(role);
  }
  return { roles, isKnown: isKnown && roles.size > 0 };
}

function wordsOf(name: string): string[] {
  return name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replaceAll('ß', 'ss')
    .replace(/([\p{Ll}\p{N}])(\p{Lu})/gu, '$1 $2')
    .toLowerCase()
    .replace(/\be[-_ ]mail/g, 'email')
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');
}

/** The roles of a word, or of those it is put together of; null where a part of it is unknown. */
function readWord(word: string): readonly Role[] | null {
  const whole = ROLE_BY_WORD.get(word);
  if (whole !== undefined) return [whole];
  // places from which the rest is known not to be put together of words
  const dead = new Set<number>();
  const read = (at: number): readonly Role[] | null => {
    if (at === word.length) return [];
    if (dead.has(at)) return null;
    for (let end = Math.min(word.length, at + LONGEST_WORD); end > at + 1; end--) {
      const role = ROLE_BY_WORD.get(word.slice(at, end));
      const rest = role === undefined ? null : read(end);
      if (role !== undefined && rest !== null) return [role, ...rest];
    }
    dead.add(at);
    return null;
  };
  return read(0);
}
