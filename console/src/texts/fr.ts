/**
 * All texts of the console, in French. One word for each thing, as docs/glossary.md has them:
 *
 * * run: exécution (f.); upload: envoyer; dry run: simulation; replace: remplacer; revert: retour
 *   arrière; cancel a run: interrompre
 * * line: ligne; failed line: ligne en échec; error file: fichier d'erreurs; warning:
 *   avertissement; guard: garde-fou
 * * member: membre; membership: appartenance; user point: point utilisateur; identifier:
 *   identifiant; data bag stays
 * * overlap: chevauchement; look-up: recherche; expiry: expiration; token: jeton; delivery:
 *   livraison; audit log: journal d'audit
 * * store: base; serving run: index de recherche; queue: file d'attente; throughput: débit;
 *   technical name: nom technique
 */

import type { Texts } from './en.ts';
import { commonTexts } from './fr/common.ts';
import { executionsTexts } from './fr/executions.ts';
import { importsTexts } from './fr/imports.ts';
import { operationsTexts } from './fr/operations.ts';
import { problemsTexts } from './fr/problems.ts';
import { segmentsTexts } from './fr/segments.ts';
import { sourcesTexts } from './fr/sources.ts';
import { usersTexts } from './fr/users.ts';

export const fr: Texts = {
  ...commonTexts,
  ...problemsTexts,
  ...importsTexts,
  ...executionsTexts,
  ...segmentsTexts,
  ...usersTexts,
  ...operationsTexts,
  ...sourcesTexts,
};
