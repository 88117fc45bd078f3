// Sets the theme before the first paint, so that a dark room never sees a white flash.
(() => {
  let theme = 'dark';
  try {
    theme = JSON.parse(localStorage.getItem('skiagraph') ?? '{}').theme ?? 'dark';
  } catch {
    // Storage may be forbidden or hold something else: dark then.
  }
  if (theme === 'auto') theme = matchMedia('(prefers-color-scheme: light)').matches ? 'light' : 'dark';
  document.documentElement.dataset.theme = theme;
})();
