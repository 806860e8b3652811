import { AUTH, cli } from '../en/lines.ts';
import type { usersTexts as english } from '../en/users.ts';
import { fr } from './typeset.ts';

/** The look-up of users. */
export const usersTexts: typeof english = {
  users: {
    title: 'Utilisateurs',
    subtitle: fr`Dans quels segments se trouve un utilisateur, jusqu'à quand, et quelle ligne de quel fichier l'y a mis.`,
    by: 'Rechercher par',
    kinds: {
      user_account_id: 'Identifiant de compte',
      email_hash: fr`Empreinte d'e-mail`,
      user_agent_id: 'Identifiant de user agent',
      user_point_id: 'Identifiant de point utilisateur',
    },
    value: 'Valeur',
    compartment: 'Compartiment',
    defaultCompartment: 'Par défaut',
    inCompartment: (id) => `dans le compartiment ${id}`,
    lookUp: 'Rechercher',
    memberships: 'Appartenances',
    inNone: fr`Connu, mais dans aucun segment en ce moment.`,
    identifiers: 'Identifiants',
    changes: 'Historique',
    date: 'Quand',
    change: 'Changement',
    why: 'Cause',
    changeKinds: { ENTERED: 'entré', UPDATED: 'mis à jour', LEFT: 'sorti', EXPIRED: 'expiré' },
    causes: {
      COMMAND: 'une ligne de',
      CALL: fr`une commande par l'API, sans fichier`,
      REPLACE: 'absent de',
      EXPIRY: 'expiration atteinte',
      UNKNOWN: 'cause non conservée',
    },
    reverts: {
      ENTERED: 'rétabli par',
      UPDATED: 'rétabli par',
      LEFT: 'retiré par',
      EXPIRED: 'expiration atteinte',
    },
    ofRevert: (id) => fr`, retour arrière sur #${id}`,
    updated: 'mis à jour par',
    atLine: (line) => `, ligne ${line}`,
    forgotten: fr`la ligne qui l'y a mis n'est plus conservée`,
    known: (since) => fr`Les changements sont conservés depuis le ${since}.`,
    unknown: {
      title: 'Utilisateur introuvable',
      text: fr`Aucun fichier n'a cité cet identifiant, ou l'utilisateur a été effacé. Les valeurs doivent être identiques.`,
    },
    none: {
      title: 'Rechercher un utilisateur',
      text: fr`Par tout identifiant qu'emploient les fichiers. Depuis un terminal, avec votre jeton dans MUSTER_TOKEN :`,
      curl: 'Avec curl',
      curlLine: (origin, dm) => `curl ${AUTH} ${origin}/v1/datamarts/${dm}/user_segments/user_account_id=1`,
      cli: 'En ligne de commande, changements compris',
      cliLine: (origin, dm) => cli('lookup user_account_id=1 --changes', origin, dm),
    },
  },
};
