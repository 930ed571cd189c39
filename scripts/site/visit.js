// The script that every page of the site has: keeps the site for times without a connection, and says when there is a new version.
const LOOK_EVERY_MS = 3_600_000;

/** Where the page says something; there from the start, so that screen readers notice what comes. */
const notices = document.createElement('div');
notices.className = 'notices';
notices.setAttribute('role', 'status');
document.body.prepend(notices);

function say(title, label, act) {
  const notice = document.createElement('section');
  notice.className = 'notice';
  notice.setAttribute('aria-label', title);
  const words = document.createElement('div');
  words.className = 'words';
  words.append(Object.assign(document.createElement('strong'), { textContent: title }));
  const buttons = document.createElement('div');
  buttons.className = 'buttons';
  const button = (text, className, run) =>
    Object.assign(document.createElement('button'), { type: 'button', textContent: text, className, onclick: run });
  buttons.append(
    button(label, 'primary', act),
    button('Later', '', () => notices.replaceChildren()),
  );
  notice.append(words, buttons);
  notices.replaceChildren(notice);
}

const { serviceWorker } = navigator;

function follow(registration) {
  let isAsked = false;
  const offer = () => {
    const { waiting } = registration;
    if (!waiting || !serviceWorker.controller) return;
    say('A new version of this site is there.', 'Reload', () => {
      isAsked = true;
      (registration.waiting ?? waiting).postMessage('take over');
    });
  };
  let hadController = serviceWorker.controller !== null;
  serviceWorker.addEventListener('controllerchange', () => {
    if (isAsked) return location.reload();
    // The first worker of a first visit changes nothing.
    if (hadController) say('This page is of an earlier version of the site.', 'Reload', () => location.reload());
    hadController = true;
  });
  registration.addEventListener('updatefound', () => registration.installing?.addEventListener('statechange', offer));
  offer();
  let looked = Date.now();
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState !== 'visible' || Date.now() - looked < LOOK_EVERY_MS) return;
    looked = Date.now();
    registration.update().catch(() => undefined);
  });
}

function keepSite() {
  // Relative to this file, which lies at the root of the site, wherever that is.
  const worker = new URL('service-worker.js', import.meta.url);
  // Without one, as in private windows of some browsers, the site works while there is a connection.
  serviceWorker.register(worker, { updateViaCache: 'none' }).then(follow, () => undefined);
}

// What the page itself needs is loaded first.
if (serviceWorker && document.readyState === 'complete') keepSite();
else if (serviceWorker) addEventListener('load', keepSite);
