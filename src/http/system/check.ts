import { Type } from 'typebox';
import { checkAll } from '../../check/check-all.ts';
import { ServiceError } from '../../errors.ts';
import { ok } from '../answers.ts';
import { answersWith, Count } from '../schemas.ts';
import type { App, HttpDependencies } from '../types.ts';

const Checked = Type.Object({
  violations: Count,
  checks: Type.Array(
    Type.Object({
      name: Type.String({ examples: ['identifier-keys'] }),
      violations: Count,
      examples: Type.Array(Type.String()),
    }),
  ),
});

/** `GET /check`: whether the store agrees with itself and with its files. */
export function checkRoutes(app: App, dependencies: HttpDependencies): void {
  /** One at a time: it reads everything. */
  let isRunning = false;

  app.route({
    method: 'GET',
    url: '/check',
    exposeHeadRoute: false,
    config: { role: 'admin', reach: 'ALL_DATAMARTS' },
    schema: {
      tags: ['backup'],
      summary: 'Checks that counts, identifiers and files agree; answers once everything has been read',
      response: answersWith(Checked),
    },
    handler: async () => {
      if (isRunning) throw new ServiceError('CONFLICT', 'a check is running already');
      isRunning = true;
      try {
        const checks = await checkAll(dependencies);
        const violations = checks.reduce((sum, check) => sum + check.violations, 0);
        return ok({ violations, checks: checks.map((each) => ({ ...each, examples: [...each.examples] })) });
      } finally {
        isRunning = false;
      }
    },
  });
}
