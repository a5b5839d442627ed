import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  // The window and the dev host serve the page from their root, and no absolute path is assumed.
  base: './',
  plugins: [svelte()],
  build: {
    target: 'es2023',
    outDir: 'dist',
    assetsInlineLimit: 0,
    // The page for a data folder that cannot be used stands beside the others.
    rolldownOptions: { input: ['index.html', 'trouble.html'] },
  },
  // Tests take Svelte's code for browsers, not the one for servers.
  resolve: process.env.VITEST ? { conditions: ['browser'] } : {},
  test: { environment: 'happy-dom', include: ['src/**/*.test.ts'] },
});
