import { Page } from '../parts/page.tsx';
import { t } from '../texts/texts.ts';
import { Now } from './now.tsx';

/** What the service is doing. */
export default function OperationsPage() {
  return (
    <Page title={t.operations.title} subtitle={t.operations.subtitle}>
      <Now />
    </Page>
  );
}
