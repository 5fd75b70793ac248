// Runs before the first paint, so that a page never flashes in the other theme. Inline scripts are refused by our policy.
(function () {
  // Our policy refuses code made from text; the schemas must not even try.
  globalThis.__zod_globalConfig = { jitless: true };
  var kept = null;
  try {
    kept = localStorage.getItem('sightline-theme');
  } catch {
    // Storage is switched off: follow the system.
  }
  var light = kept === 'light' || (kept !== 'dark' && matchMedia('(prefers-color-scheme: light)').matches);
  document.documentElement.setAttribute('data-mantine-color-scheme', light ? 'light' : 'dark');
})();
