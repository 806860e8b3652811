import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

type Violation = {
  id: string;
  impact: string;
  help: string;
  nodes: { html: string; failureSummary: string }[];
};

/**
 * What axe finds serious or critical: every rule in light colors, those of colors in dark ones as
 * well.
 */
export async function assertAccessible(page: Page, where: string): Promise<void> {
  // colors would go over into each other
  await page.addStyleTag({ content: '* { transition: none !important }' });
  assert.deepEqual(await violations(page, '{}'), [], `on ${where}`);
  await page.emulateMedia({ colorScheme: 'dark' });
  const ofColors = '{ runOnly: ["color-contrast", "link-in-text-block"] }';
  assert.deepEqual(await violations(page, ofColors), [], `on ${where}, in dark colors`);
  await page.emulateMedia({ colorScheme: 'light' });
}

async function violations(page: Page, options: string): Promise<readonly unknown[]> {
  // by the debugger, as the page itself may run no scripts but its own
  const run = `(() => { if (window.axe === undefined) { ${AXE} } return axe.run(${options}).then(({ violations }) => violations); })()`;
  const found = (await page.evaluate(run)) as readonly Violation[];
  const serious = found.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  return serious.map(({ id, help, nodes }) => ({
    ...{ id, help },
    nodes: nodes
      .slice(0, 3)
      .map(({ html, failureSummary }) => `${html.slice(0, 200)} ${failureSummary.slice(0, 300)}`),
  }));
}
