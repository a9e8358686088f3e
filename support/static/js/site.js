/* What the pages do a little better with scripts on. Every page works without it. */
(function () {
  "use strict";

  // -- The reader's clock: a zone name and "h12" or "h24", so that a visitor sees their own times. Nothing else. -------

  function keep(name, value) {
    var secure = window.location.protocol === "https:" ? "; Secure" : "";
    document.cookie = name + "=" + value + "; Path=/; Max-Age=31536000; SameSite=Lax" + secure;
  }

  try {
    var zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (zone && /^[A-Za-z0-9_+\-/]+$/.test(zone)) {
      keep("tz", zone);
    }
    var cycle = new Intl.DateTimeFormat(navigator.language, { hour: "numeric" }).resolvedOptions().hourCycle;
    if (cycle) {
      keep("clock", cycle === "h11" || cycle === "h12" ? "h12" : "h24");
    }
  } catch (error) {
    // An old browser: the site's own zone is shown, and named.
  }

  // -- Leaving quickly: the button, or Esc twice within a second -------------------------------------------------------

  var exit = document.querySelector("[data-quick-exit]");
  var lastEscape = -Infinity;

  if (exit && window.leaveQuickly) {
    exit.addEventListener("click", function (event) {
      event.preventDefault();
      window.leaveQuickly(exit.href);
    });
    document.addEventListener("keydown", function (event) {
      if (event.key !== "Escape" || event.repeat) {
        return;
      }
      if (event.timeStamp - lastEscape < 1000) {
        window.leaveQuickly(exit.href);
      }
      lastEscape = event.timeStamp;
    });
  }

  // -- After a refused form, the summary is read first -----------------------------------------------------------------

  function focusSummary(root) {
    var summary = root.querySelector("[data-error-summary]");
    if (summary) {
      summary.focus();
    }
  }

  focusSummary(document);
  document.addEventListener("htmx:afterSwap", function (event) {
    focusSummary(event.target);
  });

  // A link in the summary leads to the control itself, not just to its place on the page.
  document.addEventListener("click", function (event) {
    var link = event.target.closest && event.target.closest("[data-error-summary] a[href^='#']");
    var control = link && document.getElementById(link.hash.slice(1));
    if (control) {
      event.preventDefault();
      control.focus();
    }
  });

  // -- One press, one request: the server is safe against a second one, and the reader is spared the doubt --------------

  function rest(form) {
    form.removeAttribute("data-sent");
    form.querySelectorAll("[data-busy]").forEach(function (button) {
      button.removeAttribute("data-busy");
      button.removeAttribute("aria-disabled");
    });
  }

  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (form.method !== "post" || event.defaultPrevented) {
      return;
    }
    if (form.hasAttribute("data-sent")) {
      event.preventDefault();
      return;
    }
    form.setAttribute("data-sent", "");
    // Not `disabled`: that would take the pressed button's own value out of the form, and the focus with it.
    if (event.submitter) {
      event.submitter.setAttribute("data-busy", "");
      event.submitter.setAttribute("aria-disabled", "true");
    }
    // A download or a slow line leaves the page where it is; the form may then be sent again.
    window.setTimeout(rest, 8000, form);
  });

  // Back from the next page, the form is fresh again.
  window.addEventListener("pageshow", function () {
    document.querySelectorAll("form[data-sent]").forEach(rest);
  });
})();
