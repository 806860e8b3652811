/**
 * All texts of the console, in English. What holds numbers is a function of how they are written.
 */

import { commonTexts } from './en/common.ts';
import { executionsTexts } from './en/executions.ts';
import { importsTexts } from './en/imports.ts';
import { operationsTexts } from './en/operations.ts';
import { problemsTexts } from './en/problems.ts';
import { segmentsTexts } from './en/segments.ts';
import { sourcesTexts } from './en/sources.ts';
import { usersTexts } from './en/users.ts';

export const en = {
  ...commonTexts,
  ...problemsTexts,
  ...importsTexts,
  ...executionsTexts,
  ...segmentsTexts,
  ...usersTexts,
  ...operationsTexts,
  ...sourcesTexts,
};

/**
 * The texts of the console. Each language has an object of this shape: a text that one of them
 * lacks does not compile.
 */
export type Texts = typeof en;
