// What a page does beyond what it shows: keeps itself live, sends forms without a reload, asks before what cannot be
// undone, tells times as the person's clock does, and answers keys. Every page works without it.
'use strict';
(() => {
  const body = document.body;
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => Array.from(root.querySelectorAll(selector));

  // --- times ---
  const lang = document.documentElement.lang;
  const full = new Intl.DateTimeFormat(lang, { dateStyle: 'medium', timeStyle: 'medium' });
  const clock = new Intl.DateTimeFormat(lang, { hour: '2-digit', minute: '2-digit' });
  const day = new Intl.DateTimeFormat(lang, { month: 'short', day: 'numeric' });
  const since = new Intl.RelativeTimeFormat(lang, { numeric: 'auto', style: 'short' });
  const UNITS = [[60, 'second', 1], [3600, 'minute', 60], [86400, 'hour', 3600], [Infinity, 'day', 86400]];
  const ago = (date) => {
    const seconds = Math.round((date - Date.now()) / 1000);
    const [, unit, size] = UNITS.find(([bound]) => Math.abs(seconds) < bound);
    return Math.abs(seconds) > 14 * 86400 ? full.format(date) : since.format(Math.trunc(seconds / size), unit);
  };
  const tellTimes = (root = document) => {
    for (const time of $$('time[datetime]', root)) {
      const date = new Date(time.dateTime);
      if (Number.isNaN(date.getTime())) continue;
      const text = 'ago' in time.dataset ? ago(date) : full.format(date);
      if (time.textContent !== text) time.textContent = text;
      const utc = date.toISOString().replace('T', ' ').replace(/\.\d+Z/, ' UTC');
      time.title = 'ago' in time.dataset ? `${full.format(date)} · ${utc}` : utc;
    }
    for (const label of $$('text[data-time]', root)) {
      const date = new Date(label.dataset.time);
      label.textContent = 'day' in label.dataset ? day.format(date) : clock.format(date);
    }
  };

  // --- putting a fetched page in the place of this one, element by element ---
  const keyOf = (node) => (node.nodeType === 1 ? node.id || node.dataset.key || null : null);
  const isSame = (a, b) => a.nodeType === b.nodeType && a.nodeName === b.nodeName && keyOf(a) === keyOf(b);
  const typed = new WeakSet();
  document.addEventListener('input', (event) => typed.add(event.target), true);
  const morph = (from, to) => {
    if (from.nodeType !== 1) {
      if (from.nodeValue !== to.nodeValue) from.nodeValue = to.nodeValue;
      return;
    }
    if ('keep' in from.dataset) return;
    const isTime = from.nodeName === 'TIME' && from.getAttribute('datetime') === to.getAttribute('datetime');
    if (isTime) return;
    for (const { name } of Array.from(from.attributes)) {
      const held = name === 'open' || name === 'data-state' || (name === 'title' && from.nodeName === 'TIME');
      if (!to.hasAttribute(name) && !held) from.removeAttribute(name);
    }
    for (const { name, value } of Array.from(to.attributes)) {
      if (from.getAttribute(name) !== value) from.setAttribute(name, value);
    }
    if (typed.has(from) || from === document.activeElement && 'value' in from) return;
    const old = Array.from(from.childNodes);
    const byKey = new Map(old.filter(keyOf).map((node) => [keyOf(node), node]));
    let at = from.firstChild;
    for (const next of Array.from(to.childNodes)) {
      const key = keyOf(next);
      const match = key ? byKey.get(key) : at && !keyOf(at) && isSame(at, next) ? at : null;
      if (match && isSame(match, next)) {
        if (match === at) at = at.nextSibling; else from.insertBefore(match, at);
        morph(match, next);
      } else {
        from.insertBefore(document.importNode(next, true), at);
      }
    }
    while (at) {
      const gone = at;
      at = at.nextSibling;
      gone.remove();
    }
  };

  // --- live ---
  const mark = $('#live');
  const show = (state, text) => {
    if (!mark) return;
    mark.dataset.state = state;
    $('span:last-child', mark).textContent = text;
    mark.title = text;
  };
  const PAUSE = 1500, STALE = Number(body.dataset.staleAfter), RETRY = 2000;
  let source, lastHeard = 0, fetching = false, again = false, wanted = new Set();
  const topics = () => new Set($$('[data-live]').flatMap((part) => part.dataset.live.split(' ')));
  const refresh = async (changed) => {
    changed.forEach((topic) => wanted.add(topic));
    if (fetching) { again = true; return; }
    fetching = true;
    const now = wanted;
    wanted = new Set();
    try {
      // What the page need not draw again is left out of the answer.
      const headers = { 'X-Pym-Script': '1', 'X-Pym-Changed': Array.from(now).join(' ') };
      const answer = await fetch(location.href, { headers, cache: 'no-store' });
      if (answer.status === 401) { location.reload(); return; }
      if (answer.ok) {
        const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
        for (const part of $$('[data-live]')) {
          const next = part.id && page.getElementById(part.id);
          const due = now.has('*') || part.dataset.live.split(' ').some((topic) => now.has(topic));
          if (next && due) morph(part, next);
        }
        tellTimes();
        offerRows();
        document.dispatchEvent(new CustomEvent('pym:morphed'));
      }
    } catch { /* the mark tells */ }
    setTimeout(() => { fetching = false; if (again) { again = false; refresh(wanted); } }, PAUSE);
  };
  const heard = () => { lastHeard = Date.now(); show('on', body.dataset.liveOn); };
  const connect = () => {
    if (source) source.close();
    const wants = topics();
    if (!mark || wants.size === 0) return;
    source = new EventSource(`/live?topics=${encodeURIComponent([...wants].join(' '))}`);
    // Also the first time: what changed between the drawing of the page and this is told to nobody.
    source.addEventListener('open', () => { heard(); refresh(new Set(['*'])); });
    source.addEventListener('beat', heard);
    source.addEventListener('changed', (event) => { heard(); refresh(new Set(event.data.split(' '))); });
    source.addEventListener('error', () => {
      show('wait', body.dataset.liveWait);
      if (source.readyState === EventSource.CLOSED) setTimeout(connect, RETRY);
    });
  };
  if (mark) {
    connect();
    setInterval(() => {
      if (lastHeard && Date.now() - lastHeard > STALE) {
        show('stale', body.dataset.liveStale.replace('{}', clock.format(lastHeard)));
        if (source.readyState !== EventSource.CONNECTING) connect();
      }
    }, 3000);
    // After sleep, or in a tab that comes back, what is shown may be old.
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden && lastHeard && Date.now() - lastHeard > STALE) connect();
    });
    addEventListener('online', connect);
    addEventListener('pageshow', (event) => { if (event.persisted) { connect(); refresh(new Set(['*'])); } });
    addEventListener('pagehide', () => source && source.close());
  }

  // --- asking before what cannot be undone ---
  const ask = (question) => new Promise((resolve) => {
    const dialog = document.createElement('dialog');
    dialog.setAttribute('aria-label', question);
    const text = document.createElement('p');
    text.textContent = question;
    const menu = document.createElement('menu');
    for (const [label, value, classes] of [[body.dataset.confirmNo, '', 'button'], [body.dataset.confirmYes, 'yes', 'button primary']]) {
      const button = document.createElement('button');
      button.textContent = label;
      button.className = classes;
      button.addEventListener('click', () => dialog.close(value));
      menu.append(button);
    }
    dialog.append(text, menu);
    const before = document.activeElement;
    dialog.addEventListener('close', () => {
      const yes = dialog.returnValue === 'yes';
      dialog.remove();
      if (before) before.focus();
      resolve(yes);
    });
    body.append(dialog);
    dialog.showModal();
  });

  // --- sending forms without a reload ---
  const complain = (form, text, field) => {
    let alert = $(':scope > .alert', form);
    if (!alert) {
      alert = document.createElement('p');
      alert.className = 'alert';
      alert.setAttribute('role', 'alert');
      form.prepend(alert);
    }
    alert.textContent = text;
    for (const control of $$('[aria-invalid]', form)) control.removeAttribute('aria-invalid');
    const wrong = field && Array.from(form.elements).find((control) => control.name === field && control.type !== 'hidden');
    if (wrong) { wrong.setAttribute('aria-invalid', 'true'); wrong.focus(); }
    alert.scrollIntoView({ block: 'nearest' });
  };
  const send = async (form, button) => {
    const fields = new URLSearchParams(new FormData(form, button));
    const to = (button && button.getAttribute('formaction')) || form.getAttribute('action');
    form.setAttribute('aria-busy', 'true');
    try {
      const answer = await fetch(to, { method: 'POST', body: fields, headers: { 'X-Pym-Script': '1' } });
      const next = answer.headers.get('X-Pym-Location');
      if (next) {
        const [path, place] = next.split('#');
        if (path === location.pathname + location.search && !place) location.reload(); else location.assign(next);
        return;
      }
      if (answer.status === 401 && body.classList.contains('full')) { location.reload(); return; }
      const type = answer.headers.get('Content-Type') || '';
      if (type.includes('json')) {
        const { title, detail, field } = await answer.json();
        complain(form, `${title}: ${detail}`, field);
      } else {
        // A page as the answer: what is shown once, such as a new token, or a question.
        const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
        $('main').replaceWith(document.adoptNode($('main', page)));
        document.title = page.title;
        start();
        $('main').focus();
      }
    } catch {
      complain(form, body.dataset.failed);
    }
    form.removeAttribute('aria-busy');
  };
  document.addEventListener('submit', async (event) => {
    const form = event.target, button = event.submitter;
    const question = (button && button.dataset.confirm) || form.dataset.confirm;
    const sends = 'send' in form.dataset;
    if (!question && !sends) return;
    event.preventDefault();
    if (question && !(await ask(question))) return;
    if (sends) send(form, button); else HTMLFormElement.prototype.submit.call(form);
  });

  // --- copying ---
  const offerCopies = (root) => {
    for (const block of $$('[data-copy]', root)) {
      if ($('.copy', block) || !navigator.clipboard) continue;
      const button = document.createElement('button');
      button.type = 'button';
      button.className = 'button small copy';
      const space = 'http://www.w3.org/2000/svg';
      const icon = document.createElementNS(space, 'svg');
      icon.setAttribute('class', 'icon');
      icon.setAttribute('viewBox', '0 0 24 24');
      icon.setAttribute('aria-hidden', 'true');
      icon.append(document.createElementNS(space, 'path'));
      icon.firstChild.setAttribute('d', 'M9 9h11v11H9zM15 9V4H4v11h5');
      button.append(icon);
      button.setAttribute('aria-label', body.dataset.copy);
      const text = block.textContent;
      button.addEventListener('click', async () => {
        await navigator.clipboard.writeText(text.trim());
        button.textContent = body.dataset.copied;
        setTimeout(() => button.replaceChildren(icon), 1500);
      });
      block.append(button);
    }
  };

  // --- ticking rows: shift takes all between, the box above takes the page ---
  let lastTicked = null;
  const tell = (form) => form && form.dispatchEvent(new CustomEvent('pym:ticked', { bubbles: true }));
  document.addEventListener('click', (event) => {
    const box = event.target;
    if (!(box instanceof HTMLInputElement) || box.type !== 'checkbox') return;
    const list = box.closest('table, [data-ticks]');
    if (!list) return;
    const boxes = $$('input[type="checkbox"][data-tick]', list);
    if ('tickAll' in box.dataset) {
      for (const other of boxes) other.checked = box.checked;
    } else if ('tick' in box.dataset) {
      if (event.shiftKey && lastTicked && boxes.includes(lastTicked)) {
        const [a, b] = [boxes.indexOf(lastTicked), boxes.indexOf(box)].sort((x, y) => x - y);
        for (const other of boxes.slice(a, b + 1)) other.checked = box.checked;
      }
      lastTicked = box;
    } else {
      return;
    }
    for (const other of boxes) typed.add(other);
    tell(box.form || list.closest('form'));
  });

  // --- checking a query while it is typed ---
  let checking;
  document.addEventListener('input', (event) => {
    const box = event.target, to = box.dataset && box.dataset.check;
    if (!to) return;
    clearTimeout(checking);
    checking = setTimeout(async () => {
      const asked = box.value;
      const answer = await fetch(`${to}?query=${encodeURIComponent(asked)}`, { headers: { 'X-Pym-Script': '1' } }).catch(() => null);
      const place = $(`output[for="${CSS.escape(box.id)}"]`);
      if (!answer || !answer.ok || !place || box.value !== asked) return;
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
      const next = page.getElementById(place.id);
      if (next) morph(place, next);
    }, 250);
  });

  // --- uploading a file as a request's body ---
  document.addEventListener('submit', (event) => {
    const form = event.target, to = form.dataset.upload;
    if (!to) return;
    event.preventDefault();
    const words = new URLSearchParams();
    for (const control of form.elements) if (control.name && control.type !== 'file' && control.value) words.set(control.name, control.value.trim());
    const bar = $('progress', form), request = new XMLHttpRequest();
    const done = () => { form.removeAttribute('aria-busy'); bar.hidden = true; };
    request.open('POST', `${to}?${words}`);
    request.setRequestHeader('Content-Type', form.dataset.type);
    request.upload.addEventListener('progress', (sent) => { if (sent.lengthComputable) bar.value = 100 * sent.loaded / sent.total; });
    request.addEventListener('error', () => { done(); complain(form, body.dataset.failed); });
    request.addEventListener('load', () => {
      done();
      if (request.status < 300) { location.reload(); return; }
      let problem = {};
      try { problem = JSON.parse(request.responseText); } catch { /* told by its status */ }
      complain(form, problem.detail || problem.title || String(request.status), problem.field);
    });
    form.setAttribute('aria-busy', 'true');
    bar.value = 0;
    bar.hidden = false;
    request.send($('input[type="file"]', form).files[0]);
  });

  // --- devices: how many rows are ticked ---
  document.addEventListener('pym:ticked', (event) => {
    const told = $('[data-ticked]', event.target);
    if (!told) return;
    const count = $$('[data-tick]:checked', event.target).length;
    told.textContent = count;
    told.parentElement.hidden = count === 0;
  });

  // --- keys ---
  let went = 0;
  const rows = () => $$('[data-row]').filter((row) => row.getClientRects().length);
  const step = (by) => {
    const all = rows();
    if (all.length === 0) return;
    const at = all.findIndex((row) => row.contains(document.activeElement));
    const next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + by, 0), all.length - 1)];
    const link = next.matches('a') ? next : $('a[href]', next);
    if (link) { link.focus(); next.scrollIntoView({ block: 'nearest' }); }
  };
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const on = event.target;
    if (event.key === 'Escape') {
      if (on.id === 'find') on.blur();
      for (const menu of $$('details.menu[open]')) { menu.open = false; $('summary', menu).focus(); }
      return;
    }
    if (on.closest && on.closest('input:not([type="checkbox"]), textarea, select, dialog, [contenteditable]')) return;
    if (went && Date.now() - went < 1500) {
      went = 0;
      const link = $(`nav.side a[data-key="${CSS.escape(event.key)}"], #bell[data-key="${CSS.escape(event.key)}"]`);
      if (link) { event.preventDefault(); location.assign(link.href); }
      return;
    }
    const keys = $('#keys');
    const act = {
      '/': () => { const find = $('[data-find]') || $('#find'); if (find) { find.focus(); find.select(); } },
      '?': () => keys && keys.showModal(),
      g: () => { went = Date.now(); },
      j: () => step(1),
      k: () => step(-1),
      x: () => { const row = on.closest && on.closest('[data-row]'); const box = row && $('[data-tick]', row); if (box) box.click(); },
    }[event.key];
    if (act) { event.preventDefault(); act(); }
  });
  document.addEventListener('click', (event) => {
    for (const menu of $$('details.menu[open]')) if (!menu.contains(event.target)) menu.open = false;
  });

  // --- charts: what is under the pointer, in words above the plot ---
  const read = (event) => {
    const hit = event.target.closest && event.target.closest('.plot .hit');
    const chart = hit && hit.closest('.chart');
    for (const old of $$('.plot .hit.at')) if (old !== hit) old.classList.remove('at');
    for (const text of $$('.chart .reading')) if (!chart || !chart.contains(text)) text.textContent = '';
    if (!chart) return;
    hit.classList.add('at');
    const text = $('.reading', chart), date = new Date(hit.dataset.at);
    // The title begins with the time in UTC.
    text.textContent = `${full.format(date)} · ${hit.textContent.split(' · ').slice(1).join(' · ')}`;
  };
  document.addEventListener('pointermove', read, { passive: true });
  document.addEventListener('pointerdown', read, { passive: true });

  // --- lists in forms: rows are added from a template and taken away ---
  const offerRows = () => {
    for (const button of $$('[data-add-row], [data-remove-row]')) button.hidden = false;
  };
  document.addEventListener('click', (event) => {
    const button = event.target.closest && event.target.closest('[data-add-row], [data-remove-row]');
    if (!button) return;
    const row = button.closest('fieldset.entry');
    if ('removeRow' in button.dataset) {
      const next = row.nextElementSibling || row.previousElementSibling;
      row.remove();
      const control = next && $('input:not([type="hidden"]), select, textarea, button', next);
      if (control) control.focus();
      return;
    }
    const list = button.closest('[data-rows]'), template = $(':scope > template', list);
    const keys = $$(':scope > fieldset.entry > input[type="hidden"]', list).map((input) => Number(input.value));
    const key = Math.max(-1, ...keys) + 1;
    const made = document.createElement('template');
    made.innerHTML = template.innerHTML.replaceAll('{row}', key).replaceAll('{number}', keys.length + 1)
      .replace(/(id|for|aria-describedby)="(field-[^"]*)"/g, `$1="$2-${key}"`);
    const added = made.content.firstElementChild;
    button.before(added);
    offerRows();
    const control = $('input:not([type="hidden"]), select, textarea', added);
    if (control) control.focus();
  });

  // --- narrowing what is on the page ---
  const narrow = (box) => {
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    const root = document.getElementById(box.dataset.filter);
    if (!root) return;
    for (const row of $$(':scope > tbody > tr, [data-found]', root)) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
    }
    for (const group of $$('[data-group]', root)) group.hidden = !$('[data-found]:not([hidden])', group);
  };
  document.addEventListener('input', (event) => { if (event.target.matches('[data-filter]')) narrow(event.target); });
  document.addEventListener('pym:start', () => { for (const part of $$('[data-scripted]')) part.hidden = false; });
  // --- policies: their order by drag, by keys and by buttons, saved once ---
  const renumber = (list) => {
    const all = $$(':scope > tr', list);
    all.forEach((row, at) => {
      $('[data-place]', row).textContent = at + 1;
      for (const button of $$('[data-move]', row)) button.disabled = at === (button.dataset.move < 0 ? 0 : all.length - 1);
    });
    // What was not saved yet is not taken away by what others do.
    list.closest('form').dataset.keep = '';
    $('[data-order-save]', list.closest('form')).hidden = false;
  };
  const place = (row, by) => {
    const list = row.parentNode, other = by < 0 ? row.previousElementSibling : row.nextElementSibling;
    if (!other) return;
    if (by < 0) other.before(row); else other.after(row);
    renumber(list);
    const said = $('[data-order-said]', list.closest('form')), at = $$(':scope > tr', list).indexOf(row) + 1;
    [row.dataset.name, at, list.children.length].forEach((value, index) => {
      said.textContent = (index ? said.textContent : said.dataset.orderSaid).replace('{}', () => value);
    });
  };
  const offerHandles = () => { for (const handle of $$('[data-handle]')) handle.hidden = false; };
  document.addEventListener('pym:start', offerHandles);
  document.addEventListener('pym:morphed', offerHandles);
  document.addEventListener('click', (event) => {
    const on = event.target.closest && event.target.closest('[data-move], [data-order-undo]');
    if (!on) return;
    event.preventDefault();
    if (!('move' in on.dataset)) { location.reload(); return; }
    place(on.closest('tr'), Number(on.dataset.move));
    if (on.disabled) $('[data-move]:not([disabled])', on.closest('tr')).focus(); else on.focus();
  });
  document.addEventListener('keydown', (event) => {
    const handle = event.target.closest && event.target.closest('[data-handle]');
    const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!handle || !by) return;
    event.preventDefault();
    place(handle.closest('tr'), by);
    handle.focus();
  });
  document.addEventListener('pointerdown', (event) => {
    const handle = event.target.closest && event.target.closest('[data-handle]');
    if (!handle || event.button) return;
    const row = handle.closest('tr');
    row.classList.add('dragged');
    const move = (at) => {
      const box = (other) => other && other.getBoundingClientRect();
      const [before, after] = [box(row.previousElementSibling), box(row.nextElementSibling)];
      if (before && at.clientY < before.top + before.height / 2) place(row, -1);
      else if (after && at.clientY > after.top + after.height / 2) place(row, 1);
    };
    const end = () => {
      row.classList.remove('dragged');
      for (const [name, act] of [['pointermove', move], ['pointerup', end], ['pointercancel', end]]) removeEventListener(name, act);
    };
    for (const [name, act] of [['pointermove', move], ['pointerup', end], ['pointercancel', end]]) addEventListener(name, act);
  });
  // A setting that is filled in is meant to be set.
  document.addEventListener('input', (event) => {
    const setting = event.target.closest && event.target.closest('details.setting');
    const tick = setting && $('input[name^="set:"]', setting);
    if (tick && tick !== event.target) tick.checked = true;
  });

  // --- start ---
  const start = () => {
    tellTimes();
    offerCopies(document);
    offerRows();
    document.dispatchEvent(new CustomEvent('pym:start'));
  };
  start();
  setInterval(() => { for (const time of $$('time[data-ago]')) time.textContent = ago(new Date(time.dateTime)); }, 30000);
})();
