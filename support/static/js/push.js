// Switches notifications on and off in this browser. Without scripts, or where a browser cannot, nothing shows.
(function () {
  "use strict";

  const panel = document.querySelector("[data-push]");
  if (!panel || !("serviceWorker" in navigator) || !("PushManager" in window) || !("Notification" in window)) {
    return;
  }
  const form = panel.querySelector("form");
  const buttons = { on: panel.querySelector("[data-push-on]"), off: panel.querySelector("[data-push-off]") };

  // One sentence at a time: how it stands, or what went wrong. It is read aloud when it changes.
  function say(name) {
    panel.querySelectorAll("[data-push-says]").forEach((line) => {
      line.hidden = line.dataset.pushSays !== name;
    });
  }

  function show(state) {
    const focused = document.activeElement;
    buttons.on.hidden = state !== "off";
    buttons.off.hidden = state !== "on";
    say(state);
    if (focused === buttons.on || focused === buttons.off) {
      (state === "on" ? buttons.off : buttons.on).focus();
    }
  }

  function octets(base64url) {
    const text = atob(base64url.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
  }

  async function digest(text) {
    const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
    return Array.from(new Uint8Array(hash), (octet) => octet.toString(16).padStart(2, "0")).join("");
  }

  async function current() {
    const registration = await navigator.serviceWorker.getRegistration(panel.dataset.scope);
    return registration ? registration.pushManager.getSubscription() : null;
  }

  // One that was made for an older key of this site never hears from it.
  function isForOurKey(subscription) {
    const key = subscription.options && subscription.options.applicationServerKey;
    return !key || String(new Uint8Array(key)) === String(octets(panel.dataset.key));
  }

  // The browser may be subscribed for somebody else who uses it, or the site may have heard that it is gone.
  async function isKnown(subscription) {
    const known = panel.dataset.known.split(" ");
    return isForOurKey(subscription) && known.includes(await digest(subscription.endpoint));
  }

  async function post(address, subscription) {
    const body = new FormData(form);
    body.set("subscription", JSON.stringify(subscription));
    const answer = await fetch(address, { method: "POST", body, credentials: "same-origin", redirect: "error" });
    if (!answer.ok) {
      throw new Error(String(answer.status));
    }
  }

  async function activeRegistration() {
    const registration = await navigator.serviceWorker.register(panel.dataset.worker, { scope: panel.dataset.scope });
    const worker = registration.installing || registration.waiting;
    if (worker) {
      await new Promise((resolve) => {
        worker.addEventListener("statechange", () => {
          if (worker.state === "activated" || worker.state === "redundant") {
            resolve();
          }
        });
        if (worker.state === "activated") {
          resolve();
        }
      });
    }
    return registration;
  }

  async function turnOn() {
    if ((await Notification.requestPermission()) !== "granted") {
      show("off");
      say("blocked");
      return;
    }
    const registration = await activeRegistration();
    const stale = await registration.pushManager.getSubscription();
    if (stale && !isForOurKey(stale)) {
      await stale.unsubscribe();
    }
    const subscription = await registration.pushManager.subscribe({
      userVisibleOnly: true,
      applicationServerKey: octets(panel.dataset.key),
    });
    try {
      await post(panel.dataset.on, subscription);
    } catch (error) {
      await subscription.unsubscribe();
      throw error;
    }
    panel.dataset.known = `${panel.dataset.known} ${await digest(subscription.endpoint)}`;
    show("on");
  }

  async function turnOff() {
    const subscription = await current();
    if (subscription) {
      await post(panel.dataset.off, subscription);
      await subscription.unsubscribe();
    }
    show("off");
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const isOn = event.submitter === buttons.on;
    if (form.hasAttribute("aria-busy")) {
      return;
    }
    form.setAttribute("aria-busy", "true");
    try {
      await (isOn ? turnOn() : turnOff());
    } catch (error) {
      say("failed");
    } finally {
      form.removeAttribute("aria-busy");
    }
  });

  (async function () {
    const subscription = await current();
    panel.hidden = false;
    if (subscription && (await isKnown(subscription))) {
      show("on");
    } else if (Notification.permission === "denied") {
      say("blocked");
    } else {
      show("off");
    }
  })().catch(() => {
    panel.hidden = true;
  });
})();
