/**
 * The crash report dialog that `showReportDialog` of Sentry's browser SDKs loads into a page. It stands in a shadow root, so that
 * neither page changes the other's look, brings its styles and texts along, and works by keyboard and screen reader alone.
 */
(() => {
  const source = document.currentScript?.src;
  if (!source) return;
  const asked = new URL(source).searchParams;
  const text = (name, otherwise) => asked.get(name) || otherwise;
  const opener = document.activeElement;

  const element = (tag, properties = {}, ...children) => {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  };

  const styles = `
    :host { all: initial; }
    dialog {
      box-sizing: border-box; width: min(480px, calc(100vw - 24px)); max-height: calc(100vh - 24px); overflow: auto; padding: 24px;
      border: 1px solid #c9ccd6; border-radius: 8px; background: #fff; color: #1b1d24; color-scheme: light;
      font: 400 15px/1.5 system-ui, sans-serif; text-align: start;
    }
    dialog::backdrop { background: rgb(10 12 18 / 60%); }
    h2 { margin: 0 0 4px; font-size: 20px; line-height: 1.3; }
    p { margin: 0 0 16px; overflow-wrap: anywhere; }
    label { display: block; margin-bottom: 16px; font-weight: 600; }
    input, textarea {
      display: block; box-sizing: border-box; width: 100%; margin-top: 4px; padding: 8px 10px; border: 1px solid #7d8290;
      border-radius: 4px; background: #fff; color: inherit; font: 400 15px/1.5 system-ui, sans-serif;
    }
    textarea { min-height: 96px; resize: vertical; }
    [aria-invalid='true'] { border-color: #b3261e; outline: 1px solid #b3261e; }
    :focus-visible { outline: 2px solid #4340d2; outline-offset: 2px; }
    .fault { color: #b3261e; }
    .fault:empty { display: none; }
    .acts { display: flex; flex-wrap: wrap; gap: 8px; }
    button {
      min-height: 40px; padding: 0 16px; border: 1px solid #4340d2; border-radius: 4px; background: #4340d2; color: #fff;
      font: 600 15px/1 system-ui, sans-serif; cursor: pointer;
    }
    button.quiet { border-color: #7d8290; background: transparent; color: inherit; }
    button:disabled { opacity: 0.6; cursor: default; }
    @media (prefers-color-scheme: dark) {
      dialog { border-color: #3a3e4b; background: #191b22; color: #eceef4; color-scheme: dark; }
      input, textarea { border-color: #868c9c; background: #101218; }
      [aria-invalid='true'] { border-color: #ff8a80; outline-color: #ff8a80; }
      .fault { color: #ff8a80; }
      :focus-visible { outline-color: #a5a3ff; }
    }
  `;

  const title = element('h2', { id: 'title', textContent: text('title', 'Something went wrong here') });
  const subtitle = element('p', {
    id: 'subtitle',
    textContent: [
      text('subtitle', 'The people who make this program have been told.'),
      text('subtitle2', 'You can help them: say what you saw.'),
    ].join(' '),
  });
  const name = element('input', { name: 'name', value: text('name', ''), maxLength: 128, autocomplete: 'name' });
  const email = element('input', {
    name: 'email',
    type: 'email',
    value: text('email', ''),
    maxLength: 200,
    autocomplete: 'email',
  });
  const comments = element('textarea', { name: 'comments', required: true, maxLength: 8192 });
  const fault = element('p', { className: 'fault', id: 'fault' });
  fault.setAttribute('role', 'alert');
  const send = element('button', { type: 'submit', textContent: text('labelSubmit', 'Send the report') });
  const close = element('button', { type: 'button', className: 'quiet', textContent: text('labelClose', 'Close') });
  const form = element(
    'form',
    // Faults are told in the dialog's own words, not in the browser's.
    { noValidate: true },
    element('label', {}, text('labelName', 'Name'), name),
    element('label', {}, text('labelEmail', 'E-mail'), email),
    element('label', {}, text('labelComments', 'What happened?'), comments),
    fault,
    element('div', { className: 'acts' }, send, close),
  );
  const dialog = element('dialog', {}, title, subtitle, form);
  dialog.setAttribute('aria-labelledby', 'title');
  dialog.setAttribute('aria-describedby', 'subtitle');

  const host = element('div');
  const root = host.attachShadow({ mode: 'open' });
  // A page's content security policy forbids inline styles, not sheets that a script makes.
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(styles);
  root.adoptedStyleSheets = [sheet];
  root.append(dialog);

  const tell = (message, field) => {
    fault.textContent = message;
    for (const one of [name, email, comments]) {
      one.setAttribute('aria-invalid', String(one === field));
      if (one === field) one.setAttribute('aria-describedby', 'fault');
      else one.removeAttribute('aria-describedby');
    }
    field?.focus();
  };
  const invalid = text('errorFormEntry', 'Please look at this field again.');

  const sent = () => {
    const done = element('p', { textContent: text('successMessage', 'Thank you. Your report was sent.') });
    done.setAttribute('role', 'status');
    subtitle.remove();
    dialog.removeAttribute('aria-describedby');
    form.replaceChildren();
    form.append(done, element('div', { className: 'acts' }, close));
    close.focus();
  };

  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    tell('');
    if (comments.value.trim() === '') return tell(invalid, comments);
    if (!email.validity.valid) return tell(invalid, email);
    send.disabled = true;
    try {
      const reply = await fetch(source, {
        method: 'POST',
        // A simple request: nothing of the page but its origin goes along.
        credentials: 'omit',
        body: new URLSearchParams({ name: name.value, email: email.value, comments: comments.value }),
      });
      if (reply.ok) return sent();
      const said = reply.status === 400 ? await reply.json() : {};
      const field = [name, email, comments].find((one) => said.errors?.[one.name]);
      tell(
        field ? invalid : text('errorGeneric', 'The report could not be sent. Your text is still here: try again.'),
        field,
      );
    } catch {
      tell(text('errorGeneric', 'The report could not be sent. Your text is still here: try again.'));
    } finally {
      send.disabled = false;
    }
  });
  close.addEventListener('click', () => dialog.close());
  dialog.addEventListener('close', () => {
    host.remove();
    if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
    // The SDK waits for these words to call `onClose`.
    window.postMessage('__sentry_reportdialog_closed__', '*');
  });

  document.body.append(host);
  dialog.showModal();
  (name.value === '' ? name : comments).focus();
})();
