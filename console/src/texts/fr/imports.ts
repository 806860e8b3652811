import type { importsTexts as english } from '../en/imports.ts';
import { AUTH, cli, command, JSON_BODY } from '../en/lines.ts';
import { counted } from './counted.ts';
import { fr } from './typeset.ts';

/** Imports, uploads and the preview of a file. */
export const importsTexts: typeof english = {
  imports: {
    title: 'Imports',
    subtitle: fr`Un import est un flux qui porte un nom, tel que « CRM nightly ». Chaque fichier que vous lui envoyez est une exécution.`,
    create: 'Nouvel import',
    createIt: fr`Créer l'import`,
    search: 'Rechercher des imports',
    name: 'Nom',
    nameHint: fr`Par exemple « CRM nightly ».`,
    nameTaken: fr`Un autre import porte ce nom. Les programmes qui emploient les noms en veulent de différents.`,
    format: 'Format',
    allFormats: 'Tous les formats',
    priority: 'Priorité',
    priorityHint: fr`Les fichiers de priorité plus haute passent d'abord.`,
    last: 'Dernier fichier',
    noFile: 'aucun',
    outcome: 'Résultat',
    lines: 'Lignes',
    outcomes: {
      '': 'Tous les résultats',
      failures: 'Avec des lignes en échec',
      failed: 'Échouée',
      running: 'En attente ou en cours',
      none: 'Aucun fichier',
    },
    shown: (shown, all) => `${shown} sur ${all}`,
    about: (id, format, priority) => fr`Import ${id} · ${format} · priorité ${priority.toLowerCase()}`,
    delete: fr`Supprimer l'import`,
    deleteTitle: (name) => fr`Supprimer l'import « ${name} » ?`,
    deleteText: 'Ses exécutions et leurs fichiers sont supprimés aussi. Les appartenances restent.',
    none: {
      title: 'Aucun import pour le moment',
      text: fr`Créez d'abord un segment, puis un import, puis déposez-y des fichiers. Ou depuis un terminal, avec votre jeton dans MUSTER_TOKEN :`,
      curl: 'Créer un import',
      curlLine: (origin, dm) =>
        `curl ${AUTH} ${JSON_BODY} -d '{"name":"nightly","document_type":"USER_SEGMENT","mime_type":"APPLICATION_X_NDJSON"}' ${origin}/v1/datamarts/${dm}/document_imports`,
      cli: 'Ajouter un utilisateur à un segment par un fichier',
      cliLine: (origin, dm) =>
        [
          cli('segments create "Premier segment" --technical-name first', origin, dm),
          `echo '${command({ segment_technical_name: 'first' })}' > first.ndjson`,
          cli('import first.ndjson', origin, dm),
        ].join('\n'),
    },
  },
  expected: {
    title: 'Fichiers attendus',
    nothing: fr`Les fichiers peuvent arriver n'importe quand.`,
    noneExpected: fr`Aucun import n'attend de fichiers à heure fixe. Réglez cela sur la page d'un import.`,
    set: 'Indiquer quand les fichiers sont attendus',
    change: 'Modifier',
    about: fr`Les webhooks et cette page signalent les fichiers en retard, manquants ou inhabituels.`,
    every: 'Tous les',
    everyHint: '6h, 1d, 1w…',
    by: 'Avant',
    byHint: 'Dans le fuseau horaire ci-dessous',
    on: 'Seulement les',
    onHint: fr`MON, TUE… ; vide : chaque jour. Pour des semaines, exactement un jour.`,
    zone: 'Fuseau horaire',
    zoneHint: fr`Tel que Europe/Paris ; vide : celui du datamart`,
    minCommands: 'Nombre minimal de lignes',
    maxChange: fr`Écart maximal avec l'habitude`,
    maxFailures: 'Part maximale de lignes en échec',
    noLimit: 'sans limite',
    save: 'Enregistrer',
    remove: 'Ne rien attendre',
    import: 'Import',
    state: 'État',
    nextDue: 'Prochain fichier attendu',
    lastDue: 'Était attendu',
    lastFile: fr`Dernier fichier :`,
    noFile: fr`Aucun fichier n'a encore réussi.`,
    run: (id) => `exécution ${id}`,
    commands: (count) => counted(count, 'ligne'),
    usually: (count) => fr`d'habitude ${count}`,
    usual: fr`D'habitude`,
    schedule: (of) =>
      fr`Tous les ${of.every}${of.on === null ? '' : ` (${of.on})`} avant ${of.by} (${of.zone})`,
    atLeast: (count) => fr`au moins ${counted(count, 'ligne')}`,
    changed: (share) => fr`au plus ${share} de plus ou de moins que d'habitude`,
    failed: (share) => fr`au plus ${share} en échec`,
    states: {
      WAITING: fr`Rien n'était encore attendu`,
      ON_TIME: fr`À l'heure`,
      CAME_LATE: 'Arrivé en retard',
      LATE: 'En retard',
      MISSING: 'Manquant',
    },
    problems: { UNUSUAL_SIZE: 'Taille inhabituelle', MANY_FAILURES: fr`Beaucoup d'échecs` },
  },
  mapping: {
    sample: 'Fichier exemple (facultatif)',
    sampleHint: 'Ses premières lignes montrent ce que signifie chaque colonne.',
    columns: 'Colonnes',
    becomesOf: (name: string) => `Ce que devient ${name}`,
    segment: 'Segment de toutes les lignes',
    minutes: 'Minutes avant la sortie des membres, 0 : jamais',
    unread: 'Non lue',
  },
  uploads: {
    drop: 'Déposez des fichiers ici',
    chooseFiles: 'Choisir des fichiers',
    choose: 'Fichiers à envoyer',
    dropHint: (format) =>
      fr`${format}, tel quel ou compressé avec gzip ou zstd. Un aperçu s'affiche avant tout envoi.`,
    dropParquet: fr`Parquet. Une simulation vérifie chaque ligne avant que rien ne soit appliqué.`,
    ofFile: (name) => fr`Envoi de ${name}`,
    dismiss: (name) => `Masquer ${name}`,
    sent: fr`Envoyé jusqu'ici`,
    sending: (count) =>
      count === 1 ? fr`1 fichier en cours d'envoi` : fr`${count} fichiers en cours d'envoi`,
    progress: (sent, all) => `${sent} sur ${all}`,
    rate: (bytes) => `${bytes}/s`,
    receiving: fr`Envoyé. Muster l'enregistre…`,
    stop: fr`Arrêter l'envoi`,
    mode: 'Ce que fait le fichier',
    modes: { APPLY: 'Appliquer ses lignes', REPLACE: 'Remplacer des segments' },
    modeHints: {
      APPLY: fr`UPDATE ajoute des utilisateurs, DELETE en retire. Ceux que le fichier ne cite pas restent tels quels.`,
      REPLACE: fr`Chaque segment cité contient ensuite exactement les utilisateurs du fichier. Tous les autres en sortent.`,
    },
    createMissingSegments: 'Créer les segments manquants',
    maxFailures: 'Arrêter si plus de lignes échouent que',
    maxShrink: 'Arrêter si un segment diminue de plus de',
    noLimit: 'sans limite',
    dryRun: 'Simulation',
    import: 'Importer',
    replace: 'Remplacer',
    replaceAfterAsking: 'Remplacer…',
    discard: 'Abandonner',
  },
  replacing: {
    title: (file) => fr`Remplacer des segments par ${file} ?`,
    checking: fr`Une simulation de ce fichier cherche qui sortirait. Rien ne change encore.`,
    sent: (sent, all) => fr`${sent} envoyés sur ${all}`,
    loses: (name, of) => fr`${name} perd ${of.lost} de ses ${counted(of.before, 'membre')} (${of.share}).`,
    exchanges: (after) => fr`Avec les nouveaux membres, il en aura ${after}.`,
    grows: (name, before, after) =>
      before === after
        ? fr`${name} garde sa taille de ${counted(after, 'membre')}.`
        : fr`${name} passe de ${before} à ${counted(after, 'membre')}.`,
    others: (count) => fr`Et ${counted(count, 'segment')} qui perdent moins.`,
    undo: fr`Un retour arrière sur l'exécution peut les y remettre.`,
    shrinksTooMuch: (share, allowed) =>
      fr`Un segment perdrait ${share}, mais vous autorisez ${allowed} : rien ne serait appliqué.`,
    failsTooMuch: (count, share, allowed) =>
      fr`${counted(count, 'ligne')} en échec (${share}), mais vous autorisez ${allowed} : rien ne serait appliqué.`,
    allow: (share) => `Autoriser ${share}`,
    typeName: (name) => fr`La moitié ou plus sortirait. Saisissez « ${name} » pour confirmer`,
  },
  preview: {
    title: 'Aperçu des premières lignes',
    summary: (records, failed, isWhole) => {
      if (records === '0')
        return isWhole
          ? fr`Le fichier ne contient aucune commande et ne changerait rien.`
          : fr`La première partie du fichier ne contient aucune commande.`;
      const read = isWhole
        ? counted(records, 'commande en tout', 'commandes en tout')
        : fr`Début du fichier, ${counted(records, 'commande')}`;
      return fr`${read} : ${failed === '0' ? 'aucune erreur' : `${failed} en échec`}.`;
    },
    refused: 'Muster refuserait ce fichier',
    compressed: fr`Le navigateur ne sait pas décompresser ce fichier : pas d'aperçu. Une simulation vérifie chaque ligne.`,
    parquet: fr`Pas d'aperçu pour un fichier Parquet. Une simulation vérifie chaque ligne.`,
    separator: 'Séparateur',
    tab: 'tabulation',
    columns: 'colonnes',
    ignored: 'ignorée',
    unnamed: 'sans nom',
    line: 'Ligne',
    operation: 'Opération',
    operations: { UPDATE: 'ajoute', DELETE: 'retire' },
    user: 'Utilisateur',
    segments: 'Segments',
    expiry: 'Expiration',
    dataBag: 'Data bag',
  },
};
