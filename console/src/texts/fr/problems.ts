import type { problemsTexts as english } from '../en/problems.ts';
import { fr } from './typeset.ts';

const LATER = 'Réessayez dans un instant.';

/** What went wrong and what to do, by the code of the answer. */
export const problemsTexts: typeof english = {
  problems: {
    retry: 'Réessayer',
    errorId: fr`Identifiant dans le journal du service :`,
    others: {
      title: 'La console a rencontré une anomalie',
      advice: fr`Rechargez la page. Si cela se reproduit, signalez-le.`,
    },
    fault: {
      title: 'Le service a rencontré une anomalie',
      advice: fr`Son journal en donne la cause, sous l'identifiant ci-dessous.`,
    },
    refusal: {
      title: 'Le service a refusé cette demande',
      advice: fr`Corrigez ce qu'il indique, puis réessayez.`,
    },
    byCode: {
      NO_ANSWER: {
        title: 'Muster ne répond pas',
        advice: fr`Vérifiez qu'il fonctionne et que vous êtes en ligne, puis réessayez.`,
      },
      TIMEOUT: {
        title: 'Le service met trop de temps à répondre',
        advice: fr`Il est peut-être très occupé : voyez la page Exploitation. ${LATER}`,
      },
      UNAUTHORIZED: { title: 'Jeton inconnu', advice: 'Reconnectez-vous.' },
      FORBIDDEN: {
        title: 'Votre jeton ne le permet pas',
        advice: 'Demandez un rôle plus élevé à un administrateur.',
      },
      NOT_FOUND: {
        title: 'Introuvable',
        advice: fr`Cet élément a peut-être été supprimé, ou votre jeton ne vaut pas pour son datamart.`,
      },
      CONFLICT: {
        title: 'Conflit',
        advice: fr`La raison ci-dessus dit ce qui l'empêche.`,
      },
      TECHNICAL_NAME_TAKEN: { title: 'Ce nom technique est déjà pris', advice: 'Choisissez-en un autre.' },
      FILE_REMOVED: {
        title: fr`Le fichier n'existe plus`,
        advice: 'Les fichiers sont conservés un certain temps (retentionDays), puis supprimés.',
      },
      FILE_TOO_LARGE: {
        title: 'Le fichier est trop volumineux',
        advice: fr`Divisez-le, ou augmentez maxUploadBytes. La compression n'y change rien : ce sont les octets décompressés qui comptent.`,
      },
      NOT_NDJSON: {
        title: 'Le fichier est un tableau JSON',
        advice: 'Écrivez un objet par ligne, sans virgules entre les lignes.',
      },
      EMPTY_FILE: {
        title: fr`Le fichier n'a aucune ligne`,
        advice: fr`Choisissez un autre fichier, ou écrivez ses lignes sous l'en-tête.`,
      },
      UNSUPPORTED_FILE: {
        title: fr`Ce type de fichier n'est pas accepté`,
        advice: fr`Enregistrez-le ou exportez-le en CSV encodé en UTF-8, ou en NDJSON ; gzip et zstd conviennent.`,
      },
      CONTENT_TYPE_MISMATCH: {
        title: fr`Le fichier n'a pas le format de son import`,
        advice: 'Envoyez-le à un import de son format, ou créez-en un.',
      },
      INVALID_HEADER: {
        title: 'Les colonnes sont inutilisables',
        advice: fr`Nommez-les dans la première ligne, ou dans le schéma, dont operation.`,
      },
      INVALID_PARQUET: {
        title: 'Le fichier Parquet est illisible',
        advice: fr`Écrivez-le de nouveau, sans chiffrement, et envoyez-le en entier.`,
      },
      INVALID_COMPRESSION: {
        title: 'Le fichier compressé est endommagé',
        advice: 'Compressez-le de nouveau.',
      },
      TOO_MANY_UPLOADS: {
        title: fr`Trop d'envois en même temps`,
        advice: fr`Attendez que certains se terminent, puis réessayez.`,
      },
      TOO_MANY_EXECUTIONS: {
        title: 'Trop de fichiers en attente',
        advice: fr`Attendez que certains se terminent, puis réessayez.`,
      },
      OVERLOADED: { title: 'Le service est surchargé', advice: LATER },
      LOOKUPS_OVERLOADED: { title: 'Le service a trop de recherches à traiter', advice: LATER },
      COMMANDS_OVERLOADED: { title: 'Le service a trop de commandes à appliquer', advice: LATER },
      SHUTTING_DOWN: { title: fr`Le service s'arrête`, advice: fr`Réessayez lorsqu'il aura redémarré.` },
      INSUFFICIENT_STORAGE: {
        title: 'Le disque est presque plein',
        advice: fr`Libérez de l'espace disque, ou suspendez les envois.`,
      },
      TOO_MANY_ATTEMPTS: {
        title: 'Trop de jetons erronés',
        advice: 'Patientez quelques secondes, puis reconnectez-vous.',
      },
      INVALID_REQUEST: {
        title: fr`Une valeur n'est pas valide`,
        advice: 'Corrigez ce que la raison indique, puis réessayez.',
      },
      INVALID_TYPE: {
        title: fr`Une valeur n'est pas du bon type`,
        advice: 'Écrivez un texte ou un nombre entier.',
      },
      INVALID_SELECTOR: {
        title: fr`L'identifiant n'est pas valide`,
        advice: 'Vérifiez son type et sa valeur, puis relancez la recherche.',
      },
      MISSING_IDENTIFIER: { title: fr`Aucun utilisateur n'est désigné`, advice: 'Saisissez un identifiant.' },
      MULTIPLE_IDENTIFIERS: {
        title: 'Plusieurs utilisateurs sont désignés',
        advice: fr`Désignez l'utilisateur une seule fois.`,
      },
      CLEAR_EMAIL: {
        title: fr`C'est une adresse e-mail en clair`,
        advice: fr`Saisissez une empreinte de l'adresse, jamais l'adresse elle-même.`,
      },
      MISSING_COMPARTMENT: {
        title: fr`Aucun compartiment n'est indiqué`,
        advice: 'Choisissez le compartiment du compte.',
      },
      UNKNOWN_COMPARTMENT: {
        title: fr`Ce datamart n'a pas ce compartiment`,
        advice: fr`Choisissez-en un autre, ou demandez à un administrateur de le sélectionner dans ce datamart.`,
      },
      SEGMENT_NOT_IMPORTABLE: {
        title: fr`Ce segment n'accepte pas de fichiers`,
        advice: fr`Choisissez une liste d'utilisateurs alimentée par fichiers.`,
      },
      REQUEST_TIMEOUT: {
        title: 'La requête a mis trop de temps à arriver',
        advice: 'Vérifiez votre connexion, puis réessayez.',
      },
      REQUEST_TOO_LARGE: {
        title: 'La requête est trop volumineuse',
        advice: 'Raccourcissez-la, puis réessayez.',
      },
      TOO_MANY_EXPORTS: {
        title: fr`Trop d'exports en même temps`,
        advice: fr`Attendez que certains se terminent, puis réessayez.`,
      },
      NOT_READY: { title: 'Le service démarre', advice: LATER },
    },
  },
};
