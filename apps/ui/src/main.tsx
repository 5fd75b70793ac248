import '@fontsource-variable/inter';
import '@fontsource-variable/jetbrains-mono';
import '@mantine/core/styles.layer.css';
import '@mantine/notifications/styles.layer.css';
import '@mantine/spotlight/styles.layer.css';
import './styles/tokens.css';
import './styles/base.css';
import './styles/parts.css';
import { localStorageColorSchemeManager, MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { mendLanguage } from './browser-language.ts';
import { queryClient } from './data/ask.ts';
import { whenSignedOut } from './data/call.ts';
import { beginSession, leave } from './data/session.tsx';
import { allPages } from './pages/all.ts';
import { createPages } from './shell/router.tsx';
import { theme, themeKey } from './theme.ts';

const router = createPages(allPages);
const placeholderMs = 300;
const colorSchemes = localStorageColorSchemeManager({ key: themeKey });
whenSignedOut(leave);

const place = document.getElementById('root');
if (place === null) throw new Error('index.html has no #root');
// Before any page, and with it any chart, is loaded.
mendLanguage(navigator);
if (!allPages.some(({ group, path }) => group === 'outside' && path === window.location.pathname)) beginSession();
// A page that is there soon is drawn with what stands around it. React would show it no sooner than this after a placeholder.
await Promise.race([router.load(), new Promise((resolve) => setTimeout(resolve, placeholderMs))]);
createRoot(place).render(
  <StrictMode>
    <MantineProvider theme={theme} defaultColorScheme="auto" colorSchemeManager={colorSchemes}>
      <QueryClientProvider client={queryClient}>
        <RouterProvider router={router} />
        <Notifications position="bottom-right" limit={3} />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
