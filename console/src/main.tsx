import './mantine-styles.ts';
import '@mantine/notifications/styles.css';
import './styles.css';
import { localStorageColorSchemeManager, MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { ApiProblem } from './api/client.ts';
import { App } from './app.tsx';
import { LanguageProvider, showFirstLanguage } from './language/language.tsx';
import { SessionGate } from './session/session.tsx';
import { cssVariables, theme } from './theme.ts';
import { UploadsProvider } from './uploads/uploads.tsx';

const colorScheme = localStorageColorSchemeManager({ key: 'muster.color-scheme' });

/** What can pass is asked for twice more; what the service refuses is not. */
const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      retry: (failures, error) =>
        failures < 2 && error instanceof ApiProblem && (error.status === 0 || error.status === 503),
    },
  },
});

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no element #root');
await showFirstLanguage();
createRoot(root).render(
  <StrictMode>
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariables}
      defaultColorScheme="auto"
      colorSchemeManager={colorScheme}
    >
      <Notifications position="bottom-right" />
      <QueryClientProvider client={queries}>
        <LanguageProvider>
          <SessionGate>
            <UploadsProvider>
              <App />
            </UploadsProvider>
          </SessionGate>
        </LanguageProvider>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
