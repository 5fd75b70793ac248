import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** Where `vite dev` finds the server's API. The built page is served by the server itself and needs no proxy. */
const server = 'http://127.0.0.1:4600';

export default defineConfig({
  plugins: [react()],
  build: {
    target: 'es2024',
    // No `data:` addresses: the page must work under a policy of `default-src 'self'`.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 700,
  },
  server: {
    proxy: {
      '/api': { target: server, changeOrigin: false },
      '/diagnostics': { target: server, changeOrigin: false },
    },
  },
});
