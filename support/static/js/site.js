/* What the pages do a little better with scripts on. Every page works without it. */
(function () {
  "use strict";

  // -- The reader's clock: a zone name and "h12" or "h24", so that a visitor sees their own times. Nothing else. -------

  // Returns whether the page was made by another clock, and would not be if it were asked for again.
  function keep(name, value) {
    var secure = window.location.protocol === "https:" ? "; Secure" : "";
    document.cookie = name + "=" + value + "; Path=/; Max-Age=31536000; SameSite=Lax" + secure;
    var made = document.body.getAttribute("data-" + name);
    return made !== null && made !== value && document.cookie.split("; ").indexOf(name + "=" + value) !== -1;
  }

  var isOtherClock = false;
  try {
    var zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (zone && /^[A-Za-z0-9_+\-/]+$/.test(zone)) {
      isOtherClock = keep("tz", zone);
    }
    var cycle = new Intl.DateTimeFormat(navigator.language, { hour: "numeric" }).resolvedOptions().hourCycle;
    if (cycle) {
      isOtherClock = keep("clock", cycle === "h11" || cycle === "h12" ? "h12" : "h24") || isOtherClock;
    }
  } catch (error) {
    // An old browser: the times stay in the zone that the page names beside them.
  }

  // The first page of a visit was made before anybody knew the reader's clock. It is asked for once more, and takes
  // over what reads otherwise, so that all words are the server's. Where that fails, the zone stays named.
  if (isOtherClock && document.querySelector("[data-times]") && window.fetch && Element.prototype.replaceChildren) {
    var address = window.location.href;
    // With where the reader came from, which is where "back" leads.
    fetch(address, { cache: "no-store", referrer: document.referrer || "about:client" })
      .then(function (response) {
        return response.ok && !response.redirected ? response.text() : null;
      })
      .then(function (html) {
        // Whoever went on to other results meanwhile has their own times there.
        if (html && window.location.href === address) {
          var fresh = new DOMParser().parseFromString(html, "text/html");
          document.title = fresh.title;
          takeOver(document.getElementById("main"), fresh.getElementById("main"));
        }
      })
      .catch(function () {});
  }

  // Makes what is shown read like `fresh`, in as few places as it can: what is typed, opened or has the focus stays.
  function takeOver(shown, fresh) {
    if (shown.nodeType === Node.TEXT_NODE) {
      shown.data = fresh.data;
    } else if (shown.nodeType === Node.ELEMENT_NODE && !shown.isEqualNode(fresh)) {
      Array.from(fresh.attributes).forEach(function (attribute) {
        // Scripts show what is hidden, and readers fill in what is a control.
        if (attribute.name !== "hidden" && !shown.matches("input, select, textarea")) {
          shown.setAttribute(attribute.name, attribute.value);
        }
      });
      var before = Array.from(shown.childNodes);
      var after = Array.from(fresh.childNodes);
      var isAlike = before.length === after.length && before.every(function (node, index) {
        return node.nodeName === after[index].nodeName;
      });
      if (isAlike) {
        before.forEach(function (node, index) {
          takeOver(node, after[index]);
        });
      } else {
        replace(shown, after);
      }
    }
  }

  function replace(shown, nodes) {
    var focused = shown.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    shown.replaceChildren.apply(shown, nodes);
    if (window.htmx) {
      window.htmx.process(shown);
    }
    shown.querySelectorAll("a[href]").forEach(function (link) {
      if (link.getAttribute("href") === focused) {
        link.focus({ preventScroll: true });
      }
    });
  }

  // -- Back to the results as they were left, by the browser's own step back where they are what it leads to -----------

  document.addEventListener("click", function (event) {
    var link = event.target.closest && event.target.closest("a[data-back]");
    var here = link && window.navigation && window.navigation.currentEntry;
    var before = here && window.navigation.entries()[here.index - 1];
    var isPlain = event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
    if (before && before.url === link.href && isPlain) {
      event.preventDefault();
      window.history.back();
    }
  });

  // -- A list to print ---------------------------------------------------------------------------------------------------

  document.querySelectorAll("[data-print]").forEach(function (line) {
    line.hidden = false;
    line.addEventListener("click", function () {
      window.print();
    });
  });

  // -- Leaving quickly: the button, the link before the menu, or Esc twice within two seconds ---------------------------

  var exits = document.querySelectorAll("[data-quick-exit]");
  var exitStatus = document.querySelector("[data-quick-exit-status]");
  var lastEscape = -Infinity;
  var forgetting = 0;

  function leave() {
    window.leaveQuickly(exits[0].href, exitStatus && exitStatus.dataset.leaving);
  }

  function forgetEscape() {
    window.clearTimeout(forgetting);
    lastEscape = -Infinity;
    if (exitStatus) {
      exitStatus.textContent = "";
    }
  }

  if (exits.length && window.leaveQuickly) {
    exits.forEach(function (exit) {
      exit.addEventListener("click", function (event) {
        event.preventDefault();
        leave();
      });
    });
    document.addEventListener("keydown", function (event) {
      if (event.repeat) {
        return;
      }
      if (event.key !== "Escape") {
        forgetEscape();
        return;
      }
      if (event.timeStamp - lastEscape < 2000) {
        leave();
        return;
      }
      lastEscape = event.timeStamp;
      if (exitStatus) {
        exitStatus.textContent = exitStatus.dataset.onceMore;
        forgetting = window.setTimeout(forgetEscape, 2000);
      }
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

  // -- Copying an address or codes that stand on the page ---------------------------------------------------------------

  function textOf(source) {
    return source.value || Array.from(source.children, (line) => line.textContent.trim()).join("\n");
  }

  if (navigator.clipboard) {
    document.querySelectorAll("[data-copy]").forEach(function (button) {
      button.hidden = false;
      button.addEventListener("click", function () {
        navigator.clipboard.writeText(textOf(document.getElementById(button.dataset.copy))).then(function () {
          button.nextElementSibling.textContent = button.dataset.copied;
        });
      });
    });
  }

  // -- What happened when a passkey could not be used: allauth only announces it ----------------------------------------

  document.addEventListener("allauth.error", function (event) {
    var notice = document.querySelector("[data-passkey-failed]");
    if (notice) {
      event.preventDefault();
      notice.hidden = false;
      notice.focus();
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
